import { VERIFY_EVERY_MS } from '../contender.ts';
import { PREFIX_BYTES } from './grpc-plan.ts';
import type { H2loadTotals } from './h2load-output.ts';
import type { RequestCounts } from './request-counters.ts';

const MS_PER_SECOND = 1_000;

/** What the answers of streams are compared with. */
export interface ExpectedStreams {
  readonly sessions: number;
  /** All answers of a stream, without what gRPC puts before each frame. */
  readonly answerBytes: number;
  /** How many frames they may come in. */
  readonly framesMin: number;
  readonly framesMax: number;
}

/**
 * Compares the bytes that came with those of right answers, as far as the frames allow.
 *
 * @throws {Error} when answers had another size.
 */
export function assertStreamsAnswered({ succeeded, dataBytes }: H2loadTotals, expected: ExpectedStreams): void {
  const { sessions, answerBytes, framesMin, framesMax } = expected;
  const atLeast = succeeded * (answerBytes + framesMin * PREFIX_BYTES);
  // What is in flight at the end counts as no stream, but its answers may have come.
  const atMost = (succeeded + sessions) * (answerBytes + framesMax * PREFIX_BYTES);
  if (dataBytes >= atLeast && dataBytes <= atMost) return;
  throw new Error(
    `${succeeded} streams came as ${dataBytes} bytes, not ${atLeast} to ${atMost}: some answers were wrong`,
  );
}

/** What a server counted before and after a load. */
export interface CountedLoad {
  readonly before: RequestCounts;
  readonly after: RequestCounts;
}

/**
 * Compares what the server counted with what was asked: all of it OK, but for what was broken off at the end.
 *
 * @throws {Error} when the server knows of others.
 */
export function assertCounted(
  { before, after }: CountedLoad,
  { succeeded, started }: H2loadTotals,
  { callsPerStream, seconds }: { readonly callsPerStream: number; readonly seconds: number },
): void {
  const grown = Object.entries(after).map(([status, count]) => [status, count - (before[status] ?? 0)] as const);
  const wrong = grown.filter(([status, count]) => status !== 'OK' && status !== 'CANCELLED' && count > 0);
  if (wrong.length > 0) throw new Error(`the server counted ${wrong.map((one) => one.join(' ')).join(', ')}`);
  const counted = grown.find(([status]) => status === 'OK')?.[1] ?? 0;
  // Single answers are checked meanwhile.
  const checks = Math.ceil((seconds * MS_PER_SECOND) / VERIFY_EVERY_MS) + 1;
  const [atLeast, atMost] = [succeeded * callsPerStream, started * callsPerStream + checks];
  if (counted >= atLeast && counted <= atMost) return;
  throw new Error(`the server counted ${counted} calls that were answered, not ${atLeast} to ${atMost}`);
}
