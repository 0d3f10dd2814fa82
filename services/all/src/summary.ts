import { resolve } from 'node:path';

import type { Credentials } from '@gantry/data-folder';

/** Where things are on this machine. */
export interface Places {
  /** The path of credentials.json. */
  readonly credentials: string;
  readonly adminUrl: string;
  /** Absolute. */
  readonly dataFolder: string;
  /** Where the embedded Postgres keeps its data, when that is not in the data folder. */
  readonly databaseFolder: string | undefined;
}

/** Where the `gantry` command looks when nothing is said. */
const DEFAULT_DATA_FOLDER = '.gantry';

/** Returns what a person needs right after the start: where everything is, the key, and three things to try. */
export function summarize(credentials: Credentials, places: Places): string {
  const { url, ws, grpc, apiKey } = credentials;
  const gantry = `npx gantry${dataFolderOption(places.dataFolder)}`;
  const database = places.databaseFolder === undefined ? '' : `\n  Database   ${places.databaseFolder}`;
  return `
Gantry is ready.

  HTTP       ${url}
  WebSocket  ${ws}
  gRPC       ${grpc}   (gantry.gateway.v1.McpService, reflection on)
  API key    ${apiKey}   (everything permitted, not limited)
  Also in    ${places.credentials}${database}
  Health     ${places.adminUrl}/readyz and /metrics

Try, in another terminal:

  ${gantry} ingest docs README.md
  ${gantry} context "how are passages ranked?"
  curl -s ${url} -H 'content-type: application/json' -H 'authorization: Bearer ${apiKey}' \\
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/execute","params":{"name":"echo","parameters":{"message":"hello"}}}'

Stop with Ctrl-C; all data is kept.
`;
}

function dataFolderOption(folder: string): string {
  if (folder === resolve(DEFAULT_DATA_FOLDER)) return '';
  // For the shell: quoted when it has more than plain characters.
  return ` --data-dir ${/^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", String.raw`'\''`)}'`}`;
}
