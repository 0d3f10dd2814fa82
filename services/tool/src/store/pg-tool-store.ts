import { type Pool, query } from '@gantry/postgres';

import type { CatalogEntry, ToolStore } from '../domain/ports.ts';
import type { ToolDefinition } from '../domain/tool.ts';
import { definitionHash } from './definition-hash.ts';

/** The tenant whose rows are there for every tenant. */
const EVERY_TENANT = '*';
/** A catalog is listed whole; more tools than this need a search, not a list. */
export const TOOLS_MAX = 1_000;

interface ToolRow {
  readonly definition: ToolDefinition;
  readonly enabled: boolean;
}

/** Keeps the catalog in Postgres. */
export class PgToolStore implements ToolStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async putShared(definitions: readonly ToolDefinition[]): Promise<void> {
    // In order of name, so that replicas starting together lock rows in the same order.
    const sorted = definitions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    await query(
      this.#pool,
      `INSERT INTO tool.tools AS known (tenant_id, name, definition, definition_sha256)
       SELECT $1, name, definition::jsonb, decode(hash, 'hex')
         FROM unnest($2::text[], $3::text[], $4::text[]) AS new (name, definition, hash)
       ON CONFLICT (tenant_id, name) DO UPDATE
         SET definition = excluded.definition, definition_sha256 = excluded.definition_sha256, updated_at = now()
         WHERE known.definition_sha256 <> excluded.definition_sha256`,
      [
        EVERY_TENANT,
        sorted.map(({ name }) => name),
        sorted.map((definition) => JSON.stringify(definition)),
        sorted.map((definition) => definitionHash(definition).toString('hex')),
      ],
    );
  }

  async loadTools(tenantId: string): Promise<readonly CatalogEntry[]> {
    const { rows } = await query<ToolRow>(
      this.#pool,
      `SELECT definition, enabled
         FROM (SELECT DISTINCT ON (name) name, definition, enabled
                 FROM tool.tools
                WHERE tenant_id IN ($1, $2)
                ORDER BY name, tenant_id = $1) AS chosen
        ORDER BY name COLLATE "C"
        LIMIT $3`,
      [EVERY_TENANT, tenantId, TOOLS_MAX],
    );
    return rows.map(({ definition, enabled }) => ({ definition, isEnabled: enabled }));
  }
}
