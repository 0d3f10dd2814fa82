import type { Migration } from './migration-files.ts';

/** A migration that the database remembers. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/** What there is to do. */
export interface MigrationPlan {
  /** The migrations to apply, in their order. */
  readonly pending: readonly Migration[];
  /** What newer code has applied already. The old code goes on: during a rolling update both run. */
  readonly unknownNewer: readonly AppliedMigration[];
}

/**
 * Compares the files with what the database remembers.
 *
 * @throws {Error} when an applied file was changed, renamed or removed, or a new one comes before one that is applied.
 */
export function planMigrations(files: readonly Migration[], applied: readonly AppliedMigration[]): MigrationPlan {
  const fileByNumber = new Map(files.map((file) => [file.number, file]));
  const lastFile = files.at(-1)?.number ?? 0;
  const lastApplied = applied.reduce((last, { number }) => Math.max(last, number), 0);
  const unknownNewer = applied.filter(({ number }) => number > lastFile);
  for (const migration of applied) {
    if (migration.number <= lastFile) assertUnchanged(migration, fileByNumber.get(migration.number));
  }
  const appliedNumbers = new Set(applied.map(({ number }) => number));
  const pending = files.filter(({ number }) => !appliedNumbers.has(number));
  const late = pending.find(({ number }) => number < lastApplied);
  if (late !== undefined) {
    throw new Error(
      `migration ${late.name} comes before number ${lastApplied}, which is applied already: give it the next free number`,
    );
  }
  return { pending, unknownNewer };
}

function assertUnchanged(applied: AppliedMigration, file: Migration | undefined): void {
  if (file === undefined) {
    throw new Error(
      `migration ${applied.name} is applied but its file is missing: bring the file back, migrations only go forward`,
    );
  }
  if (file.name !== applied.name) {
    throw new Error(
      `migration ${applied.name} is applied but its file is now called ${file.name}: give it its old name back`,
    );
  }
  if (file.checksum !== applied.checksum) {
    throw new Error(
      `migration ${applied.name} was changed after it was applied: bring the old text back and write the change as a new migration`,
    );
  }
}
