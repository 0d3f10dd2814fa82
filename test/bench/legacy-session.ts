import { z } from 'zod';

/** The newest revision whose clients begin with `initialize`. */
export const LEGACY_VERSION = '2025-11-25';

const answer = z.object({ result: z.object({ protocolVersion: z.literal(LEGACY_VERSION) }) });

/**
 * Begins a conversation of MCP 2025-11-25 and returns the headers of its requests. The session id is among them when the
 * server gave one.
 *
 * @throws {Error} when the server does not speak this revision.
 */
export async function beginLegacySession(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const common = { accept: 'application/json, text/event-stream', ...headers };
  const post = (body: object, more: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...common, ...more },
      body: JSON.stringify({ jsonrpc: '2.0', ...body }),
    });
  const clientInfo = { name: 'gantry-bench', version: '1.0.0' };
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const response = await post({ id: 1, method: 'initialize', params });
  const text = await response.text();
  // Some servers answer with one event of a stream.
  const json = text.startsWith('{') ? text : (/^data: (\{.*)$/m.exec(text)?.[1] ?? text);
  answer.parse(JSON.parse(json));
  const id = response.headers.get('mcp-session-id');
  const known = { 'mcp-protocol-version': LEGACY_VERSION, ...(id !== null && { 'mcp-session-id': id }) };
  await (await post({ method: 'notifications/initialized' }, known)).arrayBuffer();
  return { ...common, ...known };
}
