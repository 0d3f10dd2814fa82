import type { GatewayFixture, HttpAnswer, PostOptions } from './gateway-fixture.ts';

/** The revision that is spoken. */
export const MODERN = '2026-07-28';

/** What every request says about itself. */
export const envelope = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
};

/** Who the gateway is, as results say it. */
export const serverMeta = { 'io.modelcontextprotocol/serverInfo': { name: 'gantry', version: '0.1.0' } };

/** A request of the modern dialect, with what a test changes about it. `undefined` leaves a header out. */
export interface ModernRequest {
  readonly id?: unknown;
  readonly params?: Record<string, unknown>;
  /** `null` leaves it out. */
  readonly meta?: unknown;
  readonly headers?: Record<string, string | undefined>;
  readonly options?: PostOptions;
}

/** Sends a request as a client of 2026-07-28 does. */
export function postModern(
  gateway: GatewayFixture,
  method: string,
  { id = 1, params = {}, meta = envelope, headers = {}, options = {} }: ModernRequest = {},
): Promise<HttpAnswer> {
  const body = { jsonrpc: '2.0', id, method, params: { ...params, ...(meta === null ? {} : { _meta: meta }) } };
  const sent = Object.entries({ ...standardHeaders(method, params), ...headers });
  return gateway.post(body, { ...options, headers: Object.fromEntries(sent.filter(isPresent)) });
}

/** The headers that a client sends with a request. */
export function standardHeaders(method: string, params: Record<string, unknown>): Record<string, string> {
  const name = params['name'] ?? params['uri'];
  return {
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  };
}

function isPresent(entry: [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}
