import { AppError } from '@gantry/errors';
import { AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { expect, test } from 'vitest';

import { arrival, batchOf, startPipeline } from '../../test/pipeline-world.ts';
import { isErrorReply } from '../json-rpc/encode-reply.ts';
import type { Body } from '../json-rpc/message.ts';
import { BATCH_REQUESTS_AT_ONCE_MAX } from './answer-batch.ts';
import type { Answer, Pipeline } from './pipeline.ts';

const LIMIT = 20_000;
const long = `"${'x'.repeat(LIMIT)}"`;

/** What each request of a batch is told: a result, or a reason and whether it was executed. */
function told(answer: Answer): readonly string[] {
  if (answer.kind !== 'many') return [];
  return answer.replies.map((reply) => {
    if (!isErrorReply(reply)) return 'result';
    const { reason, metadata } = reply.error;
    return metadata['mayHaveRun'] === undefined ? reason : `${reason} ${metadata['mayHaveRun']}`;
  });
}

/** Keeps what the log says of requests that have ended: how many, and the reason. */
function endings() {
  const ended: unknown[] = [];
  const log = (line: string) => {
    const { msg, requests, reason } = JSON.parse(line);
    if (msg === 'request ended') ended.push([requests, reason]);
  };
  return { ended, log };
}

const answer = async (pipeline: Pipeline, body: Body, more = {}) =>
  told(await pipeline.answer(body, { ...arrival, ...more }));

test('a request whose answer does not fit is recorded as what it came to, and its client is told that it ran', async () => {
  const failure = new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'TOOL_EXECUTION_FAILED',
    message: 'it failed',
    metadata: { contentJson: `[${long}]` },
  });
  const outcomes = [async () => long, () => Promise.reject(failure), async () => '{}'];
  const { ended, log } = endings();
  const { pipeline, recorded, refused } = await startPipeline(() => outcomes.shift()?.() ?? '', {
    answers: { batchMax: LIMIT },
    log,
  });
  const withheld = 'BATCH_ANSWER_TOO_LARGE true';
  expect(await answer(pipeline, batchOf(3))).toEqual([withheld, withheld, 'result']);
  expect(recorded.map(({ outcome, reason }) => `${outcome} ${reason}`).toSorted()).toEqual([
    `${AuditOutcome.AUDIT_OUTCOME_SUCCESS} `,
    `${AuditOutcome.AUDIT_OUTCOME_SUCCESS} BATCH_ANSWER_TOO_LARGE`,
    `${AuditOutcome.AUDIT_OUTCOME_FAILURE} TOOL_EXECUTION_FAILED`,
  ]);
  expect(refused).toEqual([]);
  // Counted and logged is what the client was told.
  expect(ended.filter((entry) => String(entry) === '1,BATCH_ANSWER_TOO_LARGE')).toHaveLength(2);
});

test('what is not begun any more is refused with one event, and nothing is counted twice', async () => {
  const { ended, log } = endings();
  const { pipeline, recorded, refused } = await startPipeline(async () => long, { answers: { batchMax: 60_000 }, log });
  await answer(pipeline, batchOf(50));
  const [[reason, count] = ['', 0]] = refused;
  expect([refused.length, reason]).toEqual([1, 'BATCH_ANSWER_TOO_LARGE']);
  expect(recorded.length + count).toBe(50);
  expect(recorded.length).toBeGreaterThanOrEqual(BATCH_REQUESTS_AT_ONCE_MAX);
  expect(ended).toHaveLength(recorded.length + 1);
  expect(ended.at(-1)).toEqual([count, 'BATCH_ANSWER_TOO_LARGE']);
});

test('a batch goes on no further than the audit log can be written', async () => {
  const { pipeline, recorded, refused, refuse } = await startPipeline(async () => {
    refuse();
    return '{}';
  });
  const answered = await answer(pipeline, batchOf(20));
  expect(answered).toEqual([...Array(1).fill('result'), ...Array(19).fill('AUDIT_UNAVAILABLE false')]);
  expect([recorded.length, refused]).toEqual([1, [['AUDIT_UNAVAILABLE', 19]]]);
});

test('what a batch holds is counted until it is whole, and a single request holds nothing', async () => {
  const gate = Promise.withResolvers<string>();
  const results: (string | Promise<string>)[] = [long, gate.promise, long];
  const { pipeline, answers } = await startPipeline(async () => results.shift() ?? '{}');
  const answered = answer(pipeline, batchOf(2));
  await expect.poll(() => answers.bytes).toBeGreaterThan(LIMIT);
  const held = answers.bytes;
  await pipeline.answer({ isBatch: false, messages: batchOf(1).messages }, arrival);
  expect(answers.bytes).toBe(held);
  gate.resolve('{}');
  expect(await answered).toEqual(['result', 'result']);
  expect(answers.bytes).toBe(0);
});

test('the answer to a batch is no longer than what carries it', async () => {
  const { pipeline } = await startPipeline(async () => long);
  expect(await answer(pipeline, batchOf(2))).toEqual(['result', 'result']);
  const answered = await answer(pipeline, batchOf(2), { answerBytesMax: LIMIT + 2_000 });
  expect(answered).toEqual(['result', 'BATCH_ANSWER_TOO_LARGE true']);
});

test('a bug in a method of a batch is an internal error and leaves nothing behind', async () => {
  const { pipeline, answers } = await startPipeline(() => Promise.reject(new TypeError('a bug')));
  expect(await answer(pipeline, batchOf(2))).toEqual(['INTERNAL', 'INTERNAL']);
  expect([answers.bytes, pipeline.inFlight]).toEqual([0, 0]);
});
