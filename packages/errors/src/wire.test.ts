import { describe, expect, test } from 'vitest';

import { AppError } from './app-error.ts';
import { decodeStatus, encodeStatus, FIELD_VIOLATIONS_MAX, STATUS_BYTES_MAX } from './wire.ts';

const full = new AppError({
  code: 'RESOURCE_EXHAUSTED',
  reason: 'RATE_LIMITED',
  message: 'too many requests; wait and try again',
  metadata: { limit: '60' },
  retryAfterMs: 1_250,
  fieldViolations: [{ field: 'query', description: 'must not be empty' }],
  cause: new Error('secret'),
});

test('an error comes back from the wire with all but its cause', () => {
  const decoded = decodeStatus(encodeStatus(full, 'gateway'));
  expect(decoded).toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'RATE_LIMITED',
    message: 'too many requests; wait and try again',
    domain: 'gateway',
    metadata: { limit: '60' },
    retryAfterMs: 1_250,
    fieldViolations: [{ field: 'query', description: 'must not be empty' }],
  });
  expect(decoded?.cause).toBeUndefined();
});

test('an error that passes through a second service keeps the domain it was made in', () => {
  const first = decodeStatus(encodeStatus(full, 'resource'));
  expect(first && decodeStatus(encodeStatus(first, 'tool'))?.domain).toBe('resource');
});

test('an error without extras has none after the wire', () => {
  const bare = new AppError({ code: 'ABORTED', reason: 'CONFLICT', message: 'try again' });
  const decoded = decodeStatus(encodeStatus(bare, 'context'));
  expect(decoded?.retryAfterMs).toBeUndefined();
  expect(decoded?.fieldViolations).toEqual([]);
});

describe('what is sent stays within the header limits', () => {
  test('when there are too many violations', () => {
    const fieldViolations = Array.from({ length: 500 }, (_, i) => ({ field: `f${i}`, description: 'bad' }));
    const bytes = encodeStatus(
      new AppError({ code: 'INVALID_ARGUMENT', reason: 'MANY', message: 'many fields are wrong', fieldViolations }),
      'tool',
    );
    expect(bytes.length).toBeLessThanOrEqual(STATUS_BYTES_MAX);
    expect(decodeStatus(bytes)?.fieldViolations).toHaveLength(FIELD_VIOLATIONS_MAX);
  });

  test('when texts are huge', () => {
    const huge = 'ü'.repeat(1_000_000);
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, huge]));
    const error = new AppError({ code: 'INTERNAL', reason: 'BIG', message: huge, metadata });
    const bytes = encodeStatus(error, 'tool');
    expect(bytes.length).toBeLessThanOrEqual(STATUS_BYTES_MAX);
    expect(decodeStatus(bytes)).toMatchObject({ code: 'INTERNAL', reason: 'BIG' });
  });
});

test('bytes that are no status of ours decode to nothing', () => {
  expect(decodeStatus(new Uint8Array([255, 255, 255]))).toBeUndefined();
  expect(decodeStatus(new Uint8Array(0))).toBeUndefined();
});
