import { ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createLogger } from '@gantry/telemetry';
import { describe, expect, test } from 'vitest';

import { ServerCall } from './server-call.ts';

function createCall(): ServerCall {
  const method = ToolServiceDefinition.methods.getTool;
  const served = { definition: ToolServiceDefinition, method, access: 'any', rpc: 'ToolService/GetTool' } as const;
  const incoming = { metadata: () => undefined, deadlineMs: Infinity, peer: '127.0.0.1:1' };
  return new ServerCall(served, incoming, createLogger({ service: 'tool', level: 'silent' }));
}

describe('a call that is aborted', () => {
  test('says so to whoever asked before', () => {
    const call = createCall();
    const { signal, cancellation } = call;
    let heard = 0;
    cancellation.addEventListener('abort', () => (heard += 1));
    signal.addEventListener('abort', () => (heard += 1));
    call.abort('the reason');
    call.abort('another reason');
    expect(heard).toBe(2);
    expect(signal).toMatchObject({ aborted: true, reason: 'the reason' });
    expect(cancellation).toMatchObject({ aborted: true, reason: 'the reason' });
  });

  test('says so to whoever asks afterwards', () => {
    const call = createCall();
    call.abort();
    expect(call.cancellation).toMatchObject({ aborted: true, reason: { name: 'AbortError' } });
    expect(call.signal).toMatchObject({ aborted: true, reason: { name: 'AbortError' } });
  });
});

test('a call that was answered is not aborted when its client goes', () => {
  const call = createCall();
  const { signal } = call;
  let reason: unknown;
  call.onAbort((given) => (reason = given));
  call.succeeded();
  call.abort();
  expect([call.isAborted, signal.aborted, reason]).toEqual([false, false, undefined]);
});
