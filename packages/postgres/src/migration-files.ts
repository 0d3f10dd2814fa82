import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

/** One forward-only step of a schema. */
export interface Migration {
  /** Its place in the order, from 1. */
  readonly number: number;
  /** Its file name, such as `000001-tools.sql`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text in hex, with line ends as on Unix: a checkout on another system must not change it. */
  readonly checksum: string;
}

const NAME = /^(\d{6})-[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/;

/**
 * Reads the migrations of a folder in their order. Files that do not end in `.sql` are left alone.
 *
 * @throws {Error} when a name does not read `000001-name.sql` or a number is used twice.
 */
export async function readMigrations(directory: URL): Promise<readonly Migration[]> {
  const folder = directory.href.endsWith('/') ? directory : new URL(`${directory.href}/`);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
  const migrations = await Promise.all(names.map((name) => readMigration(name, new URL(name, folder))));
  for (const [index, migration] of migrations.entries()) {
    const previous = migrations[index - 1];
    if (previous?.number === migration.number)
      throw new Error(
        `migrations ${previous.name} and ${migration.name} have the same number: give the newer one the next`,
      );
  }
  return migrations;
}

async function readMigration(name: string, url: URL): Promise<Migration> {
  const number = Number(NAME.exec(name)?.[1] ?? 0);
  if (number === 0)
    throw new Error(`${name} is not the name of a migration: it has to read 000001-name.sql, counted from 1`);
  const sql = (await readFile(url, 'utf8')).replaceAll('\r\n', '\n');
  return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}
