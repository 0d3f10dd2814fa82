/** `npm run bench`: see README.md. Progress goes to standard error, results to standard output. */
import { writeFile } from 'node:fs/promises';

import { modes } from './modes/modes.ts';
import { type BenchOptions, parseOptions, USAGE } from './options.ts';
import { createWorld } from './world/world.ts';

const EXIT_USAGE = 64;
/** As a shell says that SIGINT ended a program. */
const EXIT_INTERRUPTED = 130;

const options = optionsOrExit(process.argv.slice(2));
await using world = await createWorld((line) => void process.stderr.write(`${line}\n`));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // The processes that were started end with this one.
    void Promise.resolve(world[Symbol.asyncDispose]()).finally(() => process.exit(EXIT_INTERRUPTED));
  });
}
const { text, json, isFailed } = await modes[options.mode](options, world);
process.stdout.write(`${text}\n`);
if (options.jsonFile !== undefined) await writeFile(options.jsonFile, `${JSON.stringify(json, undefined, 2)}\n`);
if (isFailed) process.exitCode = 1;

function optionsOrExit(args: readonly string[]): BenchOptions {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  try {
    return parseOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
}
