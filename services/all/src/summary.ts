import type { Credentials } from '@gantry/data-folder';

/** Returns what a person needs right after the start: where everything is, the key, and three things to try. */
export function summarize(credentials: Credentials, paths: { credentials: string; adminUrl: string }): string {
  const { url, ws, grpc, apiKey } = credentials;
  return `
Gantry is ready.

  HTTP       ${url}
  WebSocket  ${ws}
  gRPC       ${grpc}   (gantry.gateway.v1.McpService, reflection on)
  API key    ${apiKey}   (everything permitted, not limited)
  Also in    ${paths.credentials}
  Health     ${paths.adminUrl}/readyz and /metrics

Try, in another terminal:

  npx gantry ingest docs README.md
  npx gantry context "how do I add an RPC?"
  curl -s ${url} -H 'content-type: application/json' -H 'authorization: Bearer ${apiKey}' \\
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/execute","params":{"name":"echo","parameters":{"message":"hello"}}}'

Stop with Ctrl-C; all data is kept.
`;
}
