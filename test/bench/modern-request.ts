/** The revision whose every request says who asks. */
export const MODERN_VERSION = '2026-07-28';

/** The headers of `tools/call` of echo, which a server of that revision compares with the body. */
export const MODERN_HEADERS = {
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': MODERN_VERSION,
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
} as const;

/** What its parameters say beside name and arguments. */
export const MODERN_PARAMS = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'gantry-bench', version: '1.0.0' },
  },
} as const;
