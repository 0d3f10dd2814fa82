import { describe, expect, test } from 'vitest';

import { classify, type Hints } from './classify.ts';
import { dialectOfHeaders } from './dialect.ts';
import { parseBody } from './parse-body.ts';

const MODERN = '2026-07-28';
const envelope = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
};
const half = { 'io.modelcontextprotocol/protocolVersion': MODERN };
const old = { ...envelope, 'io.modelcontextprotocol/protocolVersion': '2025-11-25' };
const standard = { 'mcp-protocol-version': MODERN, 'mcp-method': 'ping', accept: '*/*' };

const hintsOf = (headers: Record<string, string>): Hints => ({
  dialect: dialectOfHeaders(headers['mcp-protocol-version'], headers['mcp-session-id']),
  headers,
});
const request = (method: string, params?: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });
const claiming = (method: string) => request(method, { _meta: envelope });

/** Returns the dialect, and the reason of the refusal when there is one. */
function decide(body: unknown, headers: Record<string, string> = {}): string {
  const { dialect, refusal } = classify(parseBody(JSON.stringify(body)), hintsOf(headers));
  return refusal === undefined ? dialect : `${dialect} ${refusal.reason}`;
}

describe('which dialect a body is of', () => {
  const version = (name: string) => ({ 'mcp-protocol-version': name });
  test.each<[string, unknown, Record<string, string>, string]>([
    ['a bare request', request('ping'), {}, 'native'],
    ['a request with a legacy version', request('ping'), version('2025-06-18'), 'legacy'],
    ['a request with a session id', request('ping'), { 'mcp-session-id': 's' }, 'legacy'],
    ['initialize', request('initialize'), {}, 'legacy'],
    ['initialize with a whole claim', claiming('initialize'), {}, 'modern HEADER_MISMATCH'],
    ['initialize with half a claim', request('initialize', { _meta: half }), {}, 'legacy'],
    ['initialize with a claim of a legacy version', request('initialize', { _meta: old }), {}, 'legacy'],
    ['initialize under a modern version', request('initialize'), version(MODERN), 'modern HEADER_MISMATCH'],
    ['a claim and the headers for it', claiming('ping'), standard, 'modern'],
    ['a claim and a session id that is ignored', claiming('ping'), { ...standard, 'mcp-session-id': 's' }, 'modern'],
    ['a claim without headers', claiming('ping'), {}, 'modern HEADER_MISMATCH'],
    ['a claim under a legacy version', claiming('ping'), version('2025-11-25'), 'modern HEADER_MISMATCH'],
    ['a modern version without a claim', request('ping'), standard, 'modern ENVELOPE_INVALID'],
    ['a version that is none', request('ping'), version('latest'), 'legacy PROTOCOL_VERSION_INVALID'],
    [
      'initialize under a version that is none',
      request('initialize'),
      version('latest'),
      'legacy PROTOCOL_VERSION_INVALID',
    ],
    ['a response', { jsonrpc: '2.0', id: 1, result: {} }, {}, 'native'],
    ['a response under a modern version', { jsonrpc: '2.0', id: 1, result: {} }, standard, 'modern REQUEST_INVALID'],
    ['a batch', [request('ping')], {}, 'native'],
    ['a batch with initialize', [request('ping'), request('initialize')], {}, 'legacy'],
    [
      'a batch under a version that is none',
      [request('ping')],
      version('2024-13-01'),
      'legacy PROTOCOL_VERSION_INVALID',
    ],
    ['a batch with a claim in it', [request('ping'), claiming('ping')], {}, 'modern REQUEST_INVALID'],
    ['a batch under a modern version', [request('ping')], standard, 'modern REQUEST_INVALID'],
    ['what is no request', 5, standard, 'modern REQUEST_INVALID'],
  ])('%s', (_name, body, headers, expected) => {
    expect(decide(body, headers)).toBe(expected);
  });
});

describe('where messages have no headers of their own', () => {
  const refusalOf = (version: unknown) => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': version };
    return classify(parseBody(JSON.stringify(request('ping', { _meta }))), { dialect: 'native' }).refusal;
  };

  test('a claim is refused with the versions that are spoken there', () => {
    expect(refusalOf(MODERN)).toMatchObject({
      reason: 'PROTOCOL_VERSION_UNSUPPORTED',
      metadata: { requested: MODERN, supported: '2025-11-25 2025-06-18 2025-03-26 2024-11-05' },
    });
  });

  test.each([{ toString: 1 }, 7, null, []])('a version that is %j is malformed', (version) => {
    expect(refusalOf(version)?.reason).toBe('ENVELOPE_INVALID');
  });
});
