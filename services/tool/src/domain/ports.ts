import type { FieldViolation } from '@gantry/errors';

import type { ObjectSchema, ToolDefinition } from './tool.ts';

/** A tool as the catalog has it. */
export interface CatalogEntry {
  readonly definition: ToolDefinition;
  readonly isEnabled: boolean;
}

/** Keeps the catalog. */
export interface ToolStore {
  /** Stores the definitions that come with this version, for every tenant; unchanged ones are left alone. */
  putShared(definitions: readonly ToolDefinition[]): Promise<void>;
  /** Loads the tools of a tenant, in order of name; its own rows stand before those of every tenant. */
  loadTools(tenantId: string): Promise<readonly CatalogEntry[]>;
}

/** Compiles schemas, and keeps what it compiled. */
export interface SchemaCompiler {
  /**
   * Returns the violations of a value, empty when it is valid. Their paths begin with `root`.
   *
   * @throws {AppError} TOOL_SCHEMA_INVALID, when the schema itself cannot be used.
   */
  validate(schema: ObjectSchema, value: unknown, root: string): readonly FieldViolation[];
}

/** Tells the time, in epoch milliseconds. */
export type Now = () => number;
