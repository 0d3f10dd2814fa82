import type { Clock } from '@gantry/telemetry';

/** Errors of drivers can carry whole statements; a probe needs the first words. */
const ERROR_LENGTH_MAX = 300;

/** Says how one check went. */
export interface CheckReport {
  /** `degraded` is the failure of a check that is not critical. */
  readonly status: 'ok' | 'failed' | 'degraded';
  readonly durationMs: number;
  /** Why it failed. */
  readonly error?: string;
}

/** Runs one check within its time. */
export interface CheckRunner {
  /** Runs the check; never rejects. */
  run(): Promise<CheckReport>;
}

interface CreateCheckRunnerOptions {
  readonly check: (signal: AbortSignal) => Promise<void>;
  readonly critical: boolean;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Creates a runner that never has more than one run of its check open: a check that ignores its signal and hangs would
 * otherwise pile up with every probe.
 */
export function createCheckRunner({ check, critical, timeoutMs, clock }: CreateCheckRunnerOptions): CheckRunner {
  let isOpen = false;

  async function runOnce(): Promise<void> {
    if (isOpen) throw new Error(`the run before this one has not ended; it had ${timeoutMs} ms`);
    isOpen = true;
    const timeout = withTimeout(timeoutMs);
    try {
      // An async function, so that a check that throws before its first await is a failed check as well.
      const running = (async () => check(timeout.signal))();
      void running.then(
        () => void (isOpen = false),
        () => void (isOpen = false),
      );
      await Promise.race([running, timeout.expired]);
    } finally {
      timeout.clear();
    }
  }

  return {
    async run() {
      const startMs = clock.now();
      try {
        await runOnce();
        return { status: 'ok', durationMs: clock.now() - startMs };
      } catch (error) {
        return { status: critical ? 'failed' : 'degraded', durationMs: clock.now() - startMs, error: describe(error) };
      }
    },
  };
}

function withTimeout(timeoutMs: number) {
  const controller = new AbortController();
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new Error(`no answer within ${timeoutMs} ms`);
    controller.abort(error);
    reject(error);
  }, timeoutMs);
  return { signal: controller.signal, expired, clear: () => clearTimeout(timer) };
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.slice(0, ERROR_LENGTH_MAX);
}
