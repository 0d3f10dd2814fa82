import { expect, test } from 'vitest';

import { describeEnv } from './describe-env.ts';
import { commonEnv, parseProcessSettings } from './process-settings.ts';

test('every setting has a default, in milliseconds where it is a time', () => {
  expect(parseProcessSettings({})).toEqual({
    logLevel: 'info',
    adminHost: '127.0.0.1',
    adminPort: 9464,
    shutdownGraceMs: 10_000,
    shutdownDelayMs: 0,
    otlpEndpoint: undefined,
    traceSampleRatio: 1,
  });
});

test.each([
  ['LOG_LEVEL', 'loud'],
  ['ADMIN_PORT', '65536'],
  ['ADMIN_PORT', '-1'],
  ['SHUTDOWN_GRACE_SECONDS', '0'],
  ['SHUTDOWN_GRACE_SECONDS', '3601'],
  ['SHUTDOWN_DELAY_SECONDS', '301'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.1'],
])('%s=%s is refused', (name, value) => {
  expect(() => parseProcessSettings({ [name]: value })).toThrow(`→ at ${name}`);
});

test('every common variable says what it means', () => {
  for (const row of describeEnv(commonEnv)) expect(row.meaning, row.name).not.toBe('');
});
