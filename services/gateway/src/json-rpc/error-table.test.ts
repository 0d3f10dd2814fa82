import { AppError, type StatusCode, statusNumbers } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { httpStatusOf, toJsonRpcError } from './error-table.ts';

// Object.keys widens the names to string; the table is their source.
const codes = Object.keys(statusNumbers) as StatusCode[];
const dialects = ['native', 'legacy', 'modern'] as const;
const error = (code: StatusCode, init: Partial<ConstructorParameters<typeof AppError>[0]> = {}) =>
  new AppError({ code, reason: 'SOME_REASON', message: 'do something else', ...init });

describe('toJsonRpcError', () => {
  test('knows every status in every dialect', () => {
    const table = Object.fromEntries(
      codes.map((code) => [code, dialects.map((dialect) => toJsonRpcError(error(code), dialect).code)]),
    );
    expect(table).toEqual({
      CANCELLED: [-32603, -32603, -32603],
      UNKNOWN: [-32603, -32603, -32603],
      INVALID_ARGUMENT: [-32602, -32602, -32602],
      DEADLINE_EXCEEDED: [-32603, -32603, -32603],
      NOT_FOUND: [-32602, -32602, -32602],
      ALREADY_EXISTS: [-32603, 1006, 1006],
      PERMISSION_DENIED: [-32001, 1007, 1007],
      RESOURCE_EXHAUSTED: [-32004, 1008, 1008],
      FAILED_PRECONDITION: [-32603, 1009, 1009],
      ABORTED: [-32603, 1010, 1010],
      OUT_OF_RANGE: [-32602, -32602, -32602],
      UNIMPLEMENTED: [-32601, -32601, -32601],
      INTERNAL: [-32603, -32603, -32603],
      UNAVAILABLE: [-32603, -32603, -32603],
      DATA_LOSS: [-32603, -32603, -32603],
      UNAUTHENTICATED: [-32000, 1016, 1016],
    });
  });

  test.each(['legacy', 'modern'] as const)('numbers its own %s codes by the status', (dialect) => {
    for (const code of codes) {
      const { code: number } = toJsonRpcError(error(code), dialect);
      if (number > 0) expect(number).toBe(1_000 + statusNumbers[code]);
    }
  });

  test('says nothing in the modern dialect that it reserves for others', () => {
    const reasons = ['SOME_REASON', 'RESOURCE_NOT_FOUND', 'TOOL_EXECUTION_FAILED', 'URL_ELICITATION_REQUIRED'];
    const allowed = new Set([-32_700, -32_600, -32_601, -32_602, -32_603, -32_020, -32_021, -32_022]);
    for (const reason of reasons) {
      for (const code of codes) {
        const { code: number } = toJsonRpcError(error(code, { reason }), 'modern');
        expect(number > 0 || allowed.has(number)).toBe(true);
      }
    }
  });

  test('tells a client of the modern dialect which resource was not found as of a bad parameter', () => {
    const missing = error('NOT_FOUND', { reason: 'RESOURCE_NOT_FOUND', metadata: { uri: 'file:///a' } });
    expect(toJsonRpcError(missing, 'modern')).toMatchObject({ code: -32602, data: { uri: 'file:///a' } });
    expect(toJsonRpcError(missing, 'legacy')).toMatchObject({ code: -32002, data: { uri: 'file:///a' } });
  });

  test.each([
    ['PARSE_ERROR', -32700],
    ['REQUEST_INVALID', -32600],
    ['RESOURCE_NOT_FOUND', -32002],
    ['TOOL_EXECUTION_FAILED', -32003],
    ['PROTOCOL_VERSION_UNSUPPORTED', -32022],
    ['HEADER_MISMATCH', -32020],
    ['ENVELOPE_INVALID', -32602],
    ['ACCEPT_HEADER_INVALID', -32600],
  ])('gives the reason %s its own code', (reason, code) => {
    expect(toJsonRpcError(error('INVALID_ARGUMENT', { reason }), 'native').code).toBe(code);
  });

  test.each(['INTERNAL', 'UNKNOWN', 'DATA_LOSS'] as const)('says nothing of what is inside %s', (code) => {
    const inside = error(code, { message: 'the password is hunter2', metadata: { secret: 'hunter2' } });
    expect(toJsonRpcError(inside, 'native')).toEqual({
      code: -32603,
      message: 'internal error',
      data: { reason: code },
    });
  });

  test('says why, when to come back, and which fields are wrong', () => {
    const fieldViolations = [{ field: 'a', description: 'must be b' }];
    expect(
      toJsonRpcError(
        error('UNAVAILABLE', { retryAfterMs: 5, fieldViolations, metadata: { service: 'tool' } }),
        'native',
      ),
    ).toEqual({
      code: -32603,
      message: 'do something else',
      data: { reason: 'SOME_REASON', retry_after_ms: 5, violations: fieldViolations, service: 'tool' },
    });
  });

  test('shows a hundred permissions and no more', () => {
    const permissions = Array.from({ length: 101 }, (_, index) => `tools/t${index}:execute`);
    const { data } = toJsonRpcError(error('PERMISSION_DENIED'), 'native', permissions);
    expect(data?.['user_permissions']).toHaveLength(100);
  });
});

describe('httpStatusOf', () => {
  test('is 200 but for what HTTP itself should know', () => {
    const table = Object.fromEntries(
      codes.map((code) => [code, httpStatusOf(error(code, { retryAfterMs: 1 }), 'native')]),
    );
    const expected = { UNAUTHENTICATED: 401, PERMISSION_DENIED: 403, RESOURCE_EXHAUSTED: 429 };
    expect(table).toEqual({ ...Object.fromEntries(codes.map((code) => [code, 200])), ...expected });
  });

  test('is 200 for what is exhausted for good', () => {
    expect(httpStatusOf(error('RESOURCE_EXHAUSTED'), 'native')).toBe(200);
  });

  test.each([
    ['PARSE_ERROR', 400],
    ['BODY_TOO_LARGE', 413],
    ['CONTENT_TYPE_UNSUPPORTED', 415],
    ['GATEWAY_OVERLOADED', 503],
    ['ENVELOPE_INVALID', 400],
    ['HEADER_MISMATCH', 400],
    ['ACCEPT_HEADER_INVALID', 406],
  ])('is that of the reason %s', (reason, status) => {
    expect(httpStatusOf(error('INVALID_ARGUMENT', { reason }), 'native')).toBe(status);
  });

  test('is 404 for a method that is not there, to clients of the modern dialect', () => {
    const missing = error('UNIMPLEMENTED', { reason: 'METHOD_NOT_FOUND' });
    expect(dialects.map((dialect) => httpStatusOf(missing, dialect))).toEqual([200, 200, 404]);
    expect(httpStatusOf(error('UNIMPLEMENTED'), 'modern')).toBe(200);
  });
});
