import { type Contender, VERIFY_EVERY_MS } from './contender.ts';
import type { LoadResult } from './load/load.ts';
import { cpuMsOf, machineCpuMs } from './world/process-cpu.ts';

const US_PER_MS = 1_000;

/** One run of load, and what it cost. */
export interface Measurement extends LoadResult {
  readonly rps: number;
  /** Processor time a request, by the name of the process; `rest` is everything else that ran: the load, the stores, others. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

/**
 * Puts load on a contender for some seconds. While it runs, single answers are checked to the letter.
 *
 * @throws {Error} when there was an error or a wrong answer: such a run measures something else.
 */
export async function measure({ name, processes, load, verify }: Contender, seconds: number): Promise<Measurement> {
  const before = readCpu(processes);
  using checks = verifyMeanwhile(verify);
  const result = await load.run(seconds);
  const after = readCpu(processes);
  await checks.stop();
  if (result.errors > 0) throw new Error(`${name}: ${result.errors} errors among ${result.requests} answers`);
  if (result.requests === 0) throw new Error(`${name}: nothing was answered`);
  return { ...result, rps: result.requests / result.seconds, cpuUs: cpuPerRequest(before, after, result.requests) };
}

interface CpuReading {
  readonly machineMs: number;
  readonly processes: readonly { readonly name: string; readonly ms: number }[];
}

function readCpu(processes: Contender['processes']): CpuReading {
  return { machineMs: machineCpuMs(), processes: processes.map(({ name, pid }) => ({ name, ms: cpuMsOf(pid) })) };
}

function cpuPerRequest(before: CpuReading, after: CpuReading, requests: number): Record<string, number> {
  const perRequest: Record<string, number> = {};
  let counted = 0;
  for (const [index, { name, ms }] of after.processes.entries()) {
    const usedMs = ms - (before.processes[index]?.ms ?? 0);
    counted += usedMs;
    perRequest[name] = (perRequest[name] ?? 0) + (usedMs * US_PER_MS) / requests;
  }
  perRequest['rest'] = (Math.max(0, after.machineMs - before.machineMs - counted) * US_PER_MS) / requests;
  return perRequest;
}

function verifyMeanwhile(verify: () => Promise<void>) {
  let failure: Error | undefined;
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = verify().catch((error: unknown) => {
      failure ??= new Error('a wrong answer under load', { cause: error });
    });
  }, VERIFY_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await running;
      if (failure !== undefined) throw failure;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
