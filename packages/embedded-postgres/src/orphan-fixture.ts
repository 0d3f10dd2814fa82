// Run as a child by the tests: starts Postgres, reports it, and waits to be killed.
import { startEmbeddedPostgres } from './start-embedded-postgres.ts';

const [dataDirectory = ''] = process.argv.slice(2);
const postgres = await startEmbeddedPostgres({ dataDirectory, durable: true });
process.send?.({ pid: postgres.pid, url: postgres.url() });
