import { describe, expect, test } from 'vitest';

import { createTracing } from './tracing.ts';

const PARENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };

describe('without an endpoint', () => {
  test('a root span gets identifiers of its own and is not sampled', async () => {
    const tracing = await createTracing({ service: 'tool' });
    const { context } = tracing.startSpan('CallTool', { kind: 'server' });
    expect(context).toEqual({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      sampled: false,
    });
    expect(tracing.startSpan('CallTool', { kind: 'server' }).context.traceId).not.toBe(context.traceId);
  });

  test.each([true, false])(
    "a call that comes in keeps its parent's trace and its decision when sampled is %s",
    async (sampled) => {
      const tracing = await createTracing({ service: 'tool' });
      const { context } = tracing.startSpan('CallTool', { kind: 'server', parent: { ...PARENT, sampled } });
      expect(context).toEqual({ traceId: PARENT.traceId, spanId: expect.stringMatching(/^[0-9a-f]{16}$/), sampled });
      expect(context.spanId).not.toBe(PARENT.spanId);
    },
  );

  test.each(['client', 'internal'] as const)('a %s span shares the context of its parent', async (kind) => {
    const tracing = await createTracing({ service: 'tool' });
    expect(tracing.startSpan('CallTool', { kind, parent: PARENT }).context).toEqual(PARENT);
  });

  test.each(['client', 'internal'] as const)('a %s span without a parent starts a trace', async (kind) => {
    const tracing = await createTracing({ service: 'tool' });
    const first = tracing.startSpan('CallTool', { kind }).context;
    expect(tracing.startSpan('CallTool', { kind }).context.traceId).not.toBe(first.traceId);
  });

  test('a span accepts everything and shutdown ends at once', async () => {
    const tracing = await createTracing({ service: 'tool' });
    const span = tracing.startSpan('CallTool', { kind: 'internal', attributes: { 'tool.name': 'search' } });
    span.setAttribute('bytes', 12);
    span.fail(new Error('boom'));
    span.end();
    span.end();
    await tracing.shutdown();
  });
});

test.each([-0.1, 1.1, Number.NaN])('a sample ratio of %d is refused', async (sampleRatio) => {
  await expect(createTracing({ service: 'tool', sampleRatio })).rejects.toThrow(RangeError);
});

test.each(['collector:4318', 'ftp://collector', 'not a url'])('the endpoint %s is refused', async (otlpEndpoint) => {
  await expect(createTracing({ service: 'tool', otlpEndpoint })).rejects.toThrow(TypeError);
});
