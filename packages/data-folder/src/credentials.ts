import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { inDataFolder } from './folder.ts';
import { readPrivateJson, writePrivateJson } from './private-file.ts';

const FILE = 'credentials.json';

const credentialsSchema = z.object({ url: z.string(), grpc: z.string(), ws: z.string(), apiKey: z.string() });

/** How a client reaches a local Gantry. */
export interface Credentials {
  /** The HTTP endpoint, e.g. `http://127.0.0.1:8000/mcp`. */
  readonly url: string;
  /** The gRPC target, e.g. `127.0.0.1:50051`. */
  readonly grpc: string;
  /** The WebSocket endpoint, e.g. `ws://127.0.0.1:8000/ws`. */
  readonly ws: string;
  /** The API key, for `Authorization: Bearer`. */
  readonly apiKey: string;
}

/** Returns the path of the credentials file of a data folder. */
export function credentialsPath(folder: string): string {
  return join(folder, FILE);
}

/**
 * Writes the credentials, mode 0600. To be called once everything answers: people wait for the file.
 *
 * @throws {DataFolderError} when the folder cannot be written.
 */
export async function writeCredentials(folder: string, credentials: Credentials): Promise<void> {
  await inDataFolder(folder, () => writePrivateJson(credentialsPath(folder), credentials));
}

/**
 * Reads the credentials; undefined when no Gantry of this folder has ever been ready.
 *
 * @throws {DataFolderError} when they are damaged or may not be read.
 */
export function readCredentials(folder: string): Promise<Credentials | undefined> {
  return readPrivateJson(credentialsPath(folder), credentialsSchema);
}

/**
 * Removes the credentials of an earlier run, so that nobody takes them for this one's. Call only while holding the folder's
 * lock: they may be those of a Gantry that runs.
 *
 * @throws {DataFolderError} when the folder cannot be written.
 */
export async function removeCredentials(folder: string): Promise<void> {
  await inDataFolder(folder, () => rm(credentialsPath(folder), { force: true }));
}
