import type { Contender } from './contender.ts';
import { measure } from './measure.ts';

const RUNS_MAX = 30;

/** How warm, and who is told. */
export interface WarmUpOptions {
  readonly requests: number;
  readonly warmUpSeconds: number;
  readonly report: (line: string) => void;
}

/** Puts load on a contender until it has answered so many requests: code is compiled by calls, not by time. */
export async function warmUp(contender: Contender, { requests, warmUpSeconds, report }: WarmUpOptions): Promise<void> {
  let answered = 0;
  for (let run = 0; run < RUNS_MAX && answered < requests; run += 1) {
    answered += (await measure(contender, warmUpSeconds)).requests;
  }
  report(`warmed up  ${contender.name.padEnd(28)} ${answered} requests`);
}

/** Requests after which a process of ours gets no faster: after 2,000 each costs three times as much. */
export const WARM_REQUESTS = 30_000;
