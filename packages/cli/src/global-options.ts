import { type Command, Option } from 'commander';

const DATA_FOLDER = '.gantry';

/** The options every command has, before or after its name. */
export interface GlobalOptions {
  /** Machine-readable output: one line of JSON on standard output, for failures too. */
  readonly json: boolean;
  /** Stack traces on failure. */
  readonly debug: boolean;
  /** The folder with credentials.json. */
  readonly dataDir: string;
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
}

/** Adds the options every command has. Commander finds those of the program anywhere on the line. */
export function addGlobalOptions(program: Command): void {
  program
    .option('--json', 'machine-readable output, for failures too')
    .option('--debug', 'show stack traces')
    .addOption(
      new Option('--data-dir <folder>', 'folder of credentials.json and the embedded Postgres')
        .env('GANTRY_DATA_DIR')
        .default(DATA_FOLDER),
    )
    .addOption(new Option('--url <url>', 'HTTP endpoint of the gateway').env('GANTRY_URL'))
    .addOption(
      new Option('--api-key <key>', 'API key; other users of the machine can see it here').env('GANTRY_API_KEY'),
    );
}

/** Returns the options every command has. A variable that is set to nothing counts as unset. */
export function globalOptions(command: Command): GlobalOptions {
  const { json = false, debug = false, dataDir = '', url, apiKey } = command.optsWithGlobals<Partial<GlobalOptions>>();
  return { json, debug, dataDir: dataDir || DATA_FOLDER, url: url || undefined, apiKey: apiKey || undefined };
}
