import { AppError } from '@gantry/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { auditUnavailable, batchAnswerTooLarge, toolFailed } from '../errors.ts';
import { encodeReplies, isErrorReply } from '../json-rpc/encode-reply.ts';
import type { Call, Message } from '../json-rpc/message.ts';
import { replyBytes } from '../json-rpc/reply-bytes.ts';
import { answerBatch, BATCH_REQUESTS_AT_ONCE_MAX, REPLY_BYTES_RESERVED } from './answer-batch.ts';
import { type AnswerShare, createAnswerBudget } from './answer-budget.ts';
import { type Attempt, toReply } from './attempt.ts';
import type { Eventual } from './settle.ts';

const request = (id: number | undefined): Call => ({
  kind: 'call',
  idText: id?.toString(),
  method: 'm',
  params: undefined,
  paramsText: '',
});
const requests = (count: number) => Array.from({ length: count }, (_, id) => request(id));

/** The result whose reply, with a short id, has so many bytes. */
const resultOf = (bytes: number) => 'x'.repeat(bytes - replyBytes({ idText: '1', resultText: '' }, 'native'));

interface World {
  readonly messages: readonly Message[];
  readonly share: AnswerShare;
  readonly attempt: (call: Call) => Eventual<Attempt>;
  readonly refusals?: readonly (AppError | undefined)[];
  readonly refuseNow?: () => AppError | undefined;
}

async function answer({ messages, share, attempt, refusals = [], refuseNow = () => undefined }: World) {
  const begun: (string | undefined)[] = [];
  const { replies, lateRefusals } = await answerBatch({
    messages,
    refusals,
    share,
    refuseNow,
    dialect: 'native',
    permissions: [],
    answer: async (call, keep) => {
      begun.push(call.idText);
      return toReply(call, keep(await attempt(call)), []);
    },
  });
  const text = encodeReplies(replies, 'native');
  const shown = replies.map((reply) =>
    isErrorReply(reply) ? `${reply.error.reason} ${reply.error.metadata['mayHaveRun']}` : reply.resultText.length,
  );
  return { replies, lateRefusals, begun, bytes: Buffer.byteLength(text), shown };
}

/** Returns what is kept of an attempt of a batch of one. */
async function keptOf(attempt: Attempt, share: AnswerShare): Promise<Attempt> {
  const kept: Attempt[] = [];
  await answerBatch({
    messages: [request(1)],
    refusals: [],
    dialect: 'native',
    permissions: [],
    share,
    refuseNow: () => undefined,
    answer: (_call, keep) => void kept.push(keep(attempt)),
  });
  return kept[0] ?? {};
}

const WITHHELD = 'BATCH_ANSWER_TOO_LARGE true';
const UNBEGUN = 'BATCH_ANSWER_TOO_LARGE false';

describe('the answers to a batch', () => {
  const replyLength = 1_000;
  /** Brackets, and a comma between two. */
  const full = 3 * replyLength + 4;
  const resultText = resultOf(replyLength);
  const attempt = () => ({ resultText });

  test('may fill what there is to the last byte', async () => {
    const budget = createAnswerBudget({ batchMax: full });
    using share = budget.open('k');
    const { shown, bytes } = await answer({ messages: requests(3), share, attempt });
    expect(shown).toEqual([resultText.length, resultText.length, resultText.length]);
    expect([bytes, budget.bytes]).toEqual([full, full]);
  });

  test('are errors where they do not fit by a byte, and say that the request was executed', async () => {
    using share = createAnswerBudget({ batchMax: full - 1 }).open('k');
    const { shown, bytes } = await answer({ messages: requests(3), share, attempt });
    expect(shown).toEqual([resultText.length, resultText.length, WITHHELD]);
    expect(bytes).toBeLessThan(full);
  });

  test('are let go of at once when they do not fit', async () => {
    const budget = createAnswerBudget({ batchMax: full });
    using share = budget.open('k');
    const withheld = expect.objectContaining({ reason: 'BATCH_ANSWER_TOO_LARGE' });
    expect(await keptOf({ resultText: resultOf(full) }, share)).toEqual({ failure: undefined, withheld });
    expect(budget.bytes).toBeLessThan(full);
  });

  test('that are long failures are let go of too, but for what the record says of them', async () => {
    using share = createAnswerBudget({ batchMax: full }).open('k');
    const { code, reason, message } = toolFailed('t', '[]');
    const kept = await keptOf({ failure: toolFailed('t', `["${'x'.repeat(full)}"]`) }, share);
    expect(kept).toMatchObject({ failure: { code, reason, message }, withheld: { reason: 'BATCH_ANSWER_TOO_LARGE' } });
    expect(kept.failure?.metadata).toEqual({});
  });

  test('that are short fit whatever the others are', async () => {
    using share = createAnswerBudget({ batchMax: full }).open('k');
    const lengths = [full, 500, 40];
    const { shown } = await answer({
      messages: requests(3),
      share,
      attempt: ({ idText }) => ({ resultText: resultOf(lengths[Number(idText)] ?? 0) }),
    });
    expect(shown).toEqual([WITHHELD, resultOf(500).length, resultOf(40).length]);
  });

  test('have room for the errors that may stand for them', () => {
    const errors = [true, false].flatMap((mayHaveRun) => [
      batchAnswerTooLarge({ mayHaveRun }),
      auditUnavailable({ mayHaveRun }),
    ]);
    for (const error of errors) {
      const reply = { idText: '', error, permissions: [] };
      expect(replyBytes(reply, 'native')).toBeLessThanOrEqual(REPLY_BYTES_RESERVED);
      expect(replyBytes(reply, 'legacy')).toBeLessThanOrEqual(REPLY_BYTES_RESERVED);
    }
  });
});

describe('the requests of a batch', () => {
  test('are worked on sixteen at a time, in their order', async () => {
    using share = createAnswerBudget().open('k');
    const gates: PromiseWithResolvers<Attempt>[] = [];
    const done = answer({
      messages: requests(40),
      share,
      attempt: () => {
        const gate = Promise.withResolvers<Attempt>();
        gates.push(gate);
        return gate.promise;
      },
    });
    for (let over = 0; over < 40; over += 1) {
      await expect.poll(() => gates.length).toBe(Math.min(40, BATCH_REQUESTS_AT_ONCE_MAX + over));
      gates[over]?.resolve({ resultText: '{}' });
    }
    expect((await done).begun).toEqual(requests(40).map(({ idText }) => idText));
  });

  test('are not begun any more once an answer did not fit, and say so; notifications are', async () => {
    using share = createAnswerBudget({ batchMax: 20_000 }).open('k');
    const messages = [...requests(18), request(undefined), request(19)];
    const attempt = async ({ idText }: Call) => ({ resultText: idText === '0' ? resultOf(20_000) : '{}' });
    const { shown, begun, lateRefusals } = await answer({ messages, share, attempt });
    expect(shown).toEqual([WITHHELD, ...Array<number>(15).fill(2), UNBEGUN, UNBEGUN, UNBEGUN]);
    expect(begun).toEqual([...requests(16).map(({ idText }) => idText), undefined]);
    expect(lateRefusals.map((error) => error?.reason)).toEqual([
      ...Array<undefined>(16).fill(undefined),
      'BATCH_ANSWER_TOO_LARGE',
      'BATCH_ANSWER_TOO_LARGE',
      undefined,
      'BATCH_ANSWER_TOO_LARGE',
    ]);
  });

  test('are not begun when there is not even room for errors', async () => {
    using share = createAnswerBudget({ totalMax: 10 }).open('k');
    const { shown, begun } = await answer({ messages: requests(2), share, attempt: () => ({ resultText: '{}' }) });
    expect([shown, begun]).toEqual([[UNBEGUN, UNBEGUN], []]);
  });

  test('are not begun when something else has come up since they were admitted', async () => {
    using share = createAnswerBudget().open('k');
    const asked: string[] = [];
    const { shown, begun } = await answer({
      messages: requests(3),
      share,
      attempt: () => ({ resultText: '{}' }),
      refuseNow: () => (asked.push('') > 1 ? auditUnavailable({ mayHaveRun: false }) : undefined),
    });
    expect([shown, begun]).toEqual([[2, 'AUDIT_UNAVAILABLE false', 'AUDIT_UNAVAILABLE false'], ['0']]);
  });
});

const drawn = fc.record({
  hasId: fc.boolean(),
  isRefused: fc.boolean(),
  /** How many turns of the queue of promises it takes. */
  turns: fc.nat(5),
  bytes: fc.oneof(fc.integer({ min: 40, max: 700 }), fc.integer({ min: 40, max: 5_000 })),
});

test('whatever the sizes, the order and the limit: each request has one reply, in order, within the limit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(drawn, { maxLength: 60 }), fc.nat(60_000), async (batch, extra) => {
      // Room for all errors, which is not more than what comes in by much.
      const batchMax = 1 + batch.length * (REPLY_BYTES_RESERVED + 3) + extra;
      const budget = createAnswerBudget({ batchMax });
      const share = budget.open('k');
      const gone = new AppError({ code: 'NOT_FOUND', reason: 'GONE', message: 'it is gone' });
      const messages = batch.map(({ hasId }, index) => request(hasId ? index : undefined));
      const { replies, begun, bytes, lateRefusals } = await answer({
        messages,
        share,
        refusals: batch.map(({ isRefused }) => (isRefused ? gone : undefined)),
        attempt: async ({ idText }) => {
          const { turns = 0, bytes: length = 40 } = batch[Number(idText ?? -1)] ?? {};
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
          return { resultText: resultOf(length) };
        },
      });
      const expected = messages.flatMap(({ idText }) => (idText === undefined ? [] : [idText]));
      expect(replies.map(({ idText }) => idText)).toEqual(expected);
      expect(bytes).toBeLessThanOrEqual(Math.max(batchMax, 2));
      for (const reply of replies) {
        const { isRefused = false, bytes: length = 40 } = batch[Number(reply.idText)] ?? {};
        const answered = isErrorReply(reply) ? reply.error.reason : reply.resultText;
        expect(isRefused ? ['GONE'] : [resultOf(length), 'BATCH_ANSWER_TOO_LARGE']).toContain(answered);
      }
      const late = lateRefusals.filter((error) => error !== undefined).length;
      expect(begun.length + late).toBe(batch.filter(({ isRefused }) => !isRefused).length);
      expect(budget.bytes).toBeLessThanOrEqual(batchMax);
      share[Symbol.dispose]();
      expect(budget.bytes).toBe(0);
    }),
    { numRuns: 300 },
  );
});
