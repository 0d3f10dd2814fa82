import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';

import { createLogger } from './logger.ts';
import { createReportingExporter } from './reporting-exporter.ts';

test('the log has one line when exporting begins to fail and one when it works again', () => {
  const lines: unknown[] = [];
  const logger = createLogger({
    service: 'tool',
    level: 'info',
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const results = [0, 1, 1, 1, 0, 0, 1];
  const codes: number[] = [];
  const inner: SpanExporter = {
    export: (_spans, done) => done({ code: results[codes.length] ?? 0, error: new Error('refused') }),
    shutdown: async () => {},
  };
  const exporter = createReportingExporter(inner, logger);
  for (const _result of results) exporter.export([], ({ code }) => void codes.push(code));
  expect(codes).toEqual(results);
  expect(lines).toMatchObject([
    { level: 'warn', err: { message: 'refused' } },
    { level: 'info', msg: 'exporting spans works again' },
    { level: 'warn', err: { message: 'refused' } },
  ]);
});

test('flush and shutdown reach the exporter, and flush is optional', async () => {
  const calls: string[] = [];
  const inner: SpanExporter = {
    export: () => {},
    forceFlush: async () => void calls.push('flush'),
    shutdown: async () => void calls.push('shutdown'),
  };
  const exporter = createReportingExporter(inner, undefined);
  await exporter.forceFlush?.();
  await exporter.shutdown();
  expect(calls).toEqual(['flush', 'shutdown']);
  await createReportingExporter({ export: () => {}, shutdown: async () => {} }, undefined).forceFlush?.();
});
