import { createPool, migrate } from '@gantry/postgres';
import { createTestDatabase, testPlatform } from '@gantry/testkit';

/** A migrated database of its own. */
export async function openDatabase() {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const { logger, metrics } = testPlatform('context');
  const pool = stack.adopt(
    createPool({ connectionString: database.url, applicationName: 'context', logger, metrics }),
    (open) => open.end(),
  );
  await migrate({ pool, schema: 'context', directory: new URL('../../sql/', import.meta.url), logger });
  const open = stack.move();
  return { pool, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
