import { isAppError } from '@gantry/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { checkEnvelope, hasEnvelope } from './envelope.ts';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
const whole = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} };

function fieldOf(params: unknown): string | undefined {
  try {
    checkEnvelope(params);
    return undefined;
  } catch (error) {
    if (!isAppError(error) || error.reason !== 'ENVELOPE_INVALID') throw error;
    return error.fieldViolations[0]?.field;
  }
}

describe('an envelope', () => {
  test.each([
    [{}],
    [{ [CLIENT_INFO]: { name: 'a', version: '1', title: 'A' } }],
    [{ [CAPABILITIES]: { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true }, later: 7 } }],
    [{ [LOG_LEVEL]: 'warning', progressToken: 0, traceparent: 'x' }],
    [{ progressToken: 'p' }],
  ])('with %j is whole', (more) => {
    expect(fieldOf({ _meta: { ...whole, ...more } })).toBeUndefined();
  });

  test.each([undefined, null, [], 'text', {}, { _meta: undefined }, { _meta: null }, { _meta: [] }])(
    'is missing in %j',
    (params) => {
      expect(fieldOf(params)).toBe('params._meta');
    },
  );

  test.each([
    [VERSION, undefined],
    [VERSION, 20_260_728],
    [CAPABILITIES, undefined],
    [CAPABILITIES, null],
    [CAPABILITIES, []],
    [CAPABILITIES, { sampling: true }],
    [CAPABILITIES, { extensions: [] }],
    [CLIENT_INFO, null],
    [CLIENT_INFO, { name: 'a' }],
    [CLIENT_INFO, { name: 'a', version: 1 }],
    [LOG_LEVEL, 'loud'],
    [LOG_LEVEL, null],
    ['progressToken', 1.5],
    ['progressToken', null],
  ])('is malformed when %s is %j', (name, value) => {
    expect(fieldOf({ _meta: { ...whole, [name]: value } })).toBe(`params._meta["${name}"]`);
  });

  test('is judged, whatever it is', () => {
    const names = fc.constantFrom(VERSION, CAPABILITIES, CLIENT_INFO, LOG_LEVEL, 'progressToken');
    const anyMeta = fc.dictionary(names, fc.jsonValue());
    fc.assert(fc.property(anyMeta, (_meta) => void fieldOf({ _meta })));
  });
});

test('a claim is whole with a version of the era and capabilities', () => {
  expect(hasEnvelope({ _meta: whole })).toBe(true);
  expect(hasEnvelope({ _meta: { ...whole, [VERSION]: '2031-01-01' } })).toBe(true);
  expect(hasEnvelope({ _meta: { ...whole, [VERSION]: '2025-11-25' } })).toBe(false);
  expect(hasEnvelope({ _meta: { [VERSION]: '2026-07-28' } })).toBe(false);
  expect(hasEnvelope({})).toBe(false);
});
