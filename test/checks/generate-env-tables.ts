/**
 * Writes the env table of every service README and `.env.example` out of the schemas; `--check` only compares.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

import { commonEnv, describeEnv } from '@gantry/runtime';
import { z } from 'zod';

import { beginMarker, endMarker, formatExample, formatTable, replaceBlock, type ServiceEnv } from './env-tables.ts';
import { root, runTool } from './repository.ts';

const isCheck = process.argv.includes('--check');
const problems: string[] = [];
const services = await readServices();
for (const service of services) updateReadme(service);
if (services.length > 0) update('.env.example', formatExample(services));
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
}

async function readServices(): Promise<ServiceEnv[]> {
  const found: ServiceEnv[] = [];
  for (const folder of globSync('services/*', { cwd: root }).toSorted()) {
    const path = join(root, folder, 'src/config.ts');
    if (!existsSync(path)) continue;
    const schema = await readSchema(path);
    if (schema === undefined) continue;
    // Every process understands the common variables, whether its own schema names them or not.
    const rows = describeEnv({ ...schema.shape, ...commonEnv, ...schema.shape });
    for (const row of rows)
      if (row.meaning === '') problems.push(`${folder}/src/config.ts: ${row.name} has no .describe()`);
    found.push({ service: basename(folder), rows });
  }
  return found;
}

async function readSchema(path: string): Promise<z.ZodObject | undefined> {
  try {
    const exports: Readonly<Record<string, unknown>> = await import(path);
    const schema = exports['envSchema'];
    if (schema instanceof z.ZodObject) return schema;
    problems.push(`${relative(root, path)} exports no zod object named envSchema`);
  } catch (error) {
    problems.push(`${relative(root, path)} does not load: ${String(error)}`);
  }
  return undefined;
}

function updateReadme({ service, rows }: ServiceEnv): void {
  const path = `services/${service}/README.md`;
  if (!existsSync(join(root, path))) {
    problems.push(`${path} does not exist`);
    return;
  }
  const text = replaceBlock(readFileSync(join(root, path), 'utf8'), formatTable(rows));
  if (text === undefined) {
    problems.push(`${path} needs one line ${beginMarker} and below it one line ${endMarker}`);
    return;
  }
  // The formatter has its own idea of tables; written this way both agree.
  update(path, runTool('oxfmt', ['--stdin-filepath', path], text));
}

function update(path: string, text: string): void {
  const file = join(root, path);
  const current = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (current === text) return;
  if (isCheck) problems.push(`${path} is out of date: run npm run generate:env`);
  else writeFileSync(file, text);
}
