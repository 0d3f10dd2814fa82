import { AppError } from '@gantry/errors';

import { batchAnswerTooLarge } from '../errors.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import type { Reply } from '../json-rpc/encode-reply.ts';
import type { Call, Message } from '../json-rpc/message.ts';
import { replyBytes } from '../json-rpc/reply-bytes.ts';
import type { Refusals } from './admit-batch.ts';
import type { AnswerShare } from './answer-budget.ts';
import { type Attempt, toErrorReply, toReply } from './attempt.ts';
import type { Eventual } from './settle.ts';
import { Turns } from './turns.ts';

/**
 * Requests of a batch that are worked on at once: as many as a connection begins with. What they come to, 4 MiB each at most, is
 * there besides what is held of the batch, and counted when it has come.
 */
export const BATCH_REQUESTS_AT_ONCE_MAX = 16;

/**
 * What each request has of the answer from the beginning, besides its id: room for an error of ours, so that there is one for
 * whatever does not fit, and a short answer always fits.
 */
export const REPLY_BYTES_RESERVED = 512;

/** What a batch is answered with. */
export interface BatchOptions {
  readonly messages: readonly Message[];
  /** Why messages are refused. */
  readonly refusals: Refusals;
  readonly dialect: Dialect;
  /** Those of the principal. */
  readonly permissions: readonly string[];
  readonly share: AnswerShare;
  /** Why a call is not begun now, although it was admitted; undefined when it may be. */
  readonly refuseNow: () => AppError | undefined;
  /** Executes a call and answers it with what is left of the attempt by `keep`, which is to be asked once, as soon as it is over. */
  readonly answer: (call: Call, keep: (attempt: Attempt) => Attempt) => Eventual<Reply | undefined>;
}

/** What came of a batch. */
export interface AnsweredBatch {
  /** In the order of the messages that have one. */
  readonly replies: readonly Reply[];
  /** Why messages were not begun that were to be, one entry a message. */
  readonly lateRefusals: Refusals;
}

/**
 * Answers a batch whose answers may be long: so many requests at a time, and once an answer does not fit, none that is still to be
 * begun. Whatever does not fit is let go of at once, and an error says so.
 */
export async function answerBatch(options: BatchOptions): Promise<AnsweredBatch> {
  const batch = new Batch(options);
  const replies = await Promise.all(options.messages.map((message, index) => batch.answer(message, index)));
  return { replies: replies.filter((reply) => reply !== undefined), lateRefusals: batch.lateRefusals };
}

class Batch {
  readonly lateRefusals: (AppError | undefined)[];
  readonly #options: BatchOptions;
  readonly #turns = new Turns(BATCH_REQUESTS_AT_ONCE_MAX);
  #isFull: boolean;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.lateRefusals = options.messages.map(() => undefined);
    this.#isFull = !options.share.take(reservedBytes(options));
  }

  async answer(message: Message, index: number): Promise<Reply | undefined> {
    const { refusals, permissions } = this.#options;
    const refusal = refusals[index];
    if (refusal !== undefined) return toErrorReply(message, refusal, permissions);
    if (message.kind !== 'call') return undefined;
    await this.#turns.take();
    const lateRefusal = this.#refuseNow(message);
    if (lateRefusal === undefined) return this.#options.answer(message, (attempt) => this.#keep(message, attempt));
    this.#turns.pass();
    this.lateRefusals[index] = lateRefusal;
    return toErrorReply(message, lateRefusal, permissions);
  }

  #refuseNow({ idText }: Call): AppError | undefined {
    // A notification has no answer, and nobody could be told that it was not begun.
    if (this.#isFull && idText !== undefined) return batchAnswerTooLarge({ mayHaveRun: false });
    return this.#options.refuseNow();
  }

  /** Counts what a call came to, and returns what is left of it. */
  #keep(call: Call, attempt: Attempt): Attempt {
    this.#turns.pass();
    const { dialect, permissions, share } = this.#options;
    const reply = toReply(call, attempt, permissions);
    if (reply === undefined) return attempt;
    const more = replyBytes(reply, dialect) - reservedFor(reply.idText);
    if (more <= 0 || share.take(more)) return attempt;
    this.#isFull = true;
    return { failure: attempt.failure && bare(attempt.failure), withheld: batchAnswerTooLarge({ mayHaveRun: true }) };
  }
}

/** What the answer has at least: its brackets, the errors, and for each request a comma and what is reserved for it. */
function reservedBytes({ messages, refusals, dialect, permissions }: BatchOptions): number {
  // One comma less than replies, and two brackets.
  let bytes = 1;
  for (const [index, message] of messages.entries()) {
    const refusal = refusals[index];
    const error = refusal && toErrorReply(message, refusal, permissions);
    if (error !== undefined) bytes += 1 + replyBytes(error, dialect);
    else if (message.kind === 'call' && message.idText !== undefined) bytes += 1 + reservedFor(message.idText);
  }
  return bytes;
}

function reservedFor(idText: string): number {
  return REPLY_BYTES_RESERVED + Buffer.byteLength(idText);
}

/** What the record of a failure needs of it: the rest may be as long as a result. */
function bare({ code, reason, domain, message }: AppError): AppError {
  return new AppError({ code, reason, domain, message });
}
