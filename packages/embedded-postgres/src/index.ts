export { startEmbeddedPostgres } from './start-embedded-postgres.ts';
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './start-embedded-postgres.ts';
export { EmbeddedPostgresError } from './embedded-postgres-error.ts';
export type { EmbeddedPostgresReason } from './embedded-postgres-error.ts';
