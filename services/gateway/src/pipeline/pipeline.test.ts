import { AppError } from '@gantry/errors';
import type { RateLimiter } from '@gantry/rate-limit';
import { expect, test } from 'vitest';

import { arrival, batchOf, startPipeline } from '../../test/pipeline-world.ts';
import { toHttpResponse } from '../edge/http-response.ts';
import { isErrorReply } from '../json-rpc/encode-reply.ts';
import { parseBody } from '../json-rpc/parse-body.ts';
import { REQUESTS_IN_FLIGHT_MAX } from './pipeline.ts';

test('beyond two thousand requests in flight the edge sheds, and says when to come back', async () => {
  const gate = Promise.withResolvers<string>();
  const { pipeline, recorded, refused } = await startPipeline(() => gate.promise);
  const body = parseBody('{"jsonrpc":"2.0","id":1,"method":"slow"}');
  const held = Array.from({ length: REQUESTS_IN_FLIGHT_MAX }, async () => pipeline.answer(body, arrival));
  expect(pipeline.inFlight).toBe(REQUESTS_IN_FLIGHT_MAX);
  const response = toHttpResponse(await pipeline.answer(body, arrival));
  expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(JSON.parse(response.text ?? '')).toMatchObject({
    error: { code: -32603, data: { reason: 'GATEWAY_OVERLOADED' } },
  });
  expect([recorded, refused]).toEqual([[], [['GATEWAY_OVERLOADED', 1]]]);
  gate.resolve('{}');
  await Promise.all(held);
  expect(pipeline.inFlight).toBe(0);
  expect(await pipeline.answer(body, arrival)).toMatchObject({ kind: 'one', reply: { resultText: '{}' } });
});

test('a bug in a method is an internal error and not a crash', async () => {
  const { pipeline } = await startPipeline(() => Promise.reject(new TypeError('the password is hunter2')));
  const answer = await pipeline.answer(parseBody('{"jsonrpc":"2.0","id":1,"method":"slow"}'), arrival);
  const { text } = toHttpResponse(answer);
  expect(text).toContain('internal error');
  expect(text).not.toContain('hunter2');
});

test('nothing is executed that could not be recorded', async () => {
  let handled = 0;
  const handle = async () => {
    handled += 1;
    return '{}';
  };
  const { pipeline, refused } = await startPipeline(handle, { room: 2 });
  expect(await pipeline.answer(batchOf(2), arrival)).toMatchObject({ kind: 'many' });
  expect(toHttpResponse(await pipeline.answer(batchOf(3), arrival)).status).toBe(503);
  expect([handled, refused]).toEqual([2, [['GATEWAY_OVERLOADED', 3]]]);
});

test('a batch beyond the rate asks once and is refused with one event', async () => {
  let asked = 0;
  const limiter: RateLimiter = {
    take: () => {
      asked += 1;
      return { allowed: false, granted: 3, retryAfterMs: 1_000 };
    },
  };
  const { pipeline, recorded, refused } = await startPipeline(async () => '{}', { limiter, requestsPerMinute: 3 });
  const answer = await pipeline.answer(batchOf(100), arrival);
  const codes = answer.kind === 'many' ? answer.replies.map((reply) => isErrorReply(reply) && reply.error.reason) : [];
  expect(codes).toEqual([false, false, false, ...Array<string>(97).fill('RATE_LIMIT_EXCEEDED')]);
  expect(asked).toBe(1);
  expect(recorded).toHaveLength(3);
  expect(refused).toEqual([['RATE_LIMIT_EXCEEDED', 97]]);
});

test('what is no request in a batch is one event a reason', async () => {
  const { pipeline, refused } = await startPipeline(async () => '{}');
  const body = parseBody(`[${'5,'.repeat(50)}{"jsonrpc":"1.0"},{"jsonrpc":"2.0","id":1,"method":"slow"}]`);
  expect(await pipeline.answer(body, arrival)).toMatchObject({ kind: 'many', replies: { length: 52 } });
  expect(refused).toEqual([['REQUEST_INVALID', 51]]);
});

test('the log says how every request ended', async () => {
  const ended: unknown[] = [];
  const log = (line: string) => {
    const entry = JSON.parse(line);
    if (entry.msg === 'request ended') ended.push(entry);
  };
  const failures = [undefined, new AppError({ code: 'NOT_FOUND', reason: 'GONE', message: 'it is gone' })];
  const handle = async () => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return '{}';
  };
  const { pipeline } = await startPipeline(handle, { log });
  await pipeline.answer(batchOf(1), arrival);
  await pipeline.answer(batchOf(1), arrival);
  expect(ended).toMatchObject([
    { level: 'info', method: 'slow', requests: 1, code: 'OK' },
    { level: 'info', method: 'slow', requests: 1, code: 'NOT_FOUND', reason: 'GONE' },
  ]);
});
