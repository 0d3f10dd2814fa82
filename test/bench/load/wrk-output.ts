import { z } from 'zod';

import type { LoadResult } from './load.ts';

const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

const count = z.number().int().nonnegative();
const summary = z.object({
  requests: count,
  bytes: count,
  durationUs: z.number().positive(),
  /** Answers that were not 2xx or 3xx. */
  status: count,
  connect: count,
  read: count,
  write: count,
  timeout: count,
  p50Us: count,
  p99Us: count,
});

/** What the answers are compared with. */
export interface ExpectedAnswers {
  readonly connections: number;
  /** The size of a correct answer. */
  readonly answerBytes: number;
}

/**
 * Reads the line that the script of `toWrkScript` prints.
 *
 * A JSON-RPC error is HTTP 200, so wrk cannot see it; but all correct answers are of one size. When the bytes that came
 * differ from that by more than the answers that were cut off at the end, answers were not what they should be.
 *
 * @throws {Error} when there is no such line, or answers had another size.
 */
export function parseWrkOutput(output: string, { connections, answerBytes }: ExpectedAnswers): LoadResult {
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`wrk printed no summary: ${output.slice(0, 500)}`);
  const parsed = summary.parse(JSON.parse(line));
  const { requests, bytes, durationUs, status, connect, read, write, timeout, p50Us, p99Us } = parsed;
  const errors = status + connect + read + write + timeout;
  const surplus = bytes - requests * answerBytes;
  if (errors === 0 && (surplus < 0 || surplus > connections * answerBytes)) {
    throw new Error(`${requests} answers of ${answerBytes} bytes came as ${bytes} bytes: some of them were wrong`);
  }
  return {
    requests: requests - status,
    seconds: durationUs / US_PER_SECOND,
    errors,
    p50Ms: p50Us / US_PER_MS,
    p99Ms: p99Us / US_PER_MS,
  };
}
