import assert from 'node:assert/strict';

import { type Clock, systemClock } from '@gantry/telemetry';

import { type CheckReport, createCheckRunner, type CheckRunner } from './check-runner.ts';

/** Probes give up after a few seconds, so a check that has no answer by then has failed. */
const CHECK_TIMEOUT_MS = 2000;
/** Keeps a client that floods /readyz from flooding the database: two rounds of checks per second at most. */
const CACHE_MS = 500;
/** A process has a handful of stores and peers. More is a leak: checks added per request. */
const CHECKS_MAX = 64;

/** Takes the checks that decide whether this process may receive traffic. */
export interface Readiness {
  /**
   * Adds a check. It rejects when something the service needs is not usable; the signal aborts after two seconds.
   *
   * A failing critical check (the default) makes the process unready. A failing check with `critical: false` makes it
   * degraded: still ready, and it says so.
   *
   * @throws {AssertionError} when the name is taken or there are 64 checks already.
   */
  addCheck(
    name: string,
    check: (signal: AbortSignal) => Promise<void>,
    options?: { readonly critical?: boolean },
  ): void;
}

/** Says whether traffic may come, and why not. */
export interface ReadinessReport {
  readonly status: 'starting' | 'ready' | 'degraded' | 'unready' | 'draining';
  /** True when traffic may come: `ready` or `degraded`. */
  readonly isReady: boolean;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

/** Is the readiness of a whole process. */
export interface ReadinessMonitor extends Readiness {
  /** Runs the checks, or returns the answer of the last half second. Never rejects. */
  report(): Promise<ReadinessReport>;
  /** Says that the services answer. Before it the process is not ready. */
  markStarted(): void;
  /** Says that the process is about to stop. From now on it is not ready. */
  markDraining(): void;
}

/** Tunes a monitor; the defaults are right outside of tests. */
export interface CreateReadinessOptions {
  readonly clock?: Clock;
  /** Time a check has. Default 2,000 ms. */
  readonly checkTimeoutMs?: number;
  /** How long an answer is reused. Default 500 ms. */
  readonly cacheMs?: number;
}

/** Creates the readiness of a process, starting and without checks. */
export function createReadiness(options: CreateReadinessOptions = {}): ReadinessMonitor {
  const { clock = systemClock, checkTimeoutMs = CHECK_TIMEOUT_MS, cacheMs = CACHE_MS } = options;
  const runners = new Map<string, CheckRunner>();
  let phase: 'starting' | 'running' | 'draining' = 'starting';
  let cached: { readonly atMs: number; readonly checks: Promise<Record<string, CheckReport>> } | undefined;

  function runChecks(): Promise<Record<string, CheckReport>> {
    const nowMs = clock.now();
    if (cached !== undefined && nowMs - cached.atMs < cacheMs) return cached.checks;
    const checks = Promise.all([...runners].map(async ([name, runner]) => [name, await runner.run()] as const));
    cached = { atMs: nowMs, checks: checks.then((entries) => Object.fromEntries(entries)) };
    return cached.checks;
  }

  return {
    addCheck(name, check, { critical = true } = {}) {
      assert(!runners.has(name), `readiness check ${name} exists already`);
      assert(runners.size < CHECKS_MAX, `more than ${CHECKS_MAX} readiness checks`);
      runners.set(name, createCheckRunner({ check, critical, timeoutMs: checkTimeoutMs, clock }));
      cached = undefined;
    },
    async report() {
      const checks = await runChecks();
      const status = phase === 'running' ? summarise(Object.values(checks)) : phase;
      return { status, isReady: status === 'ready' || status === 'degraded', checks };
    },
    markStarted() {
      if (phase === 'starting') phase = 'running';
    },
    markDraining() {
      phase = 'draining';
    },
  };
}

/** Returns a view on a readiness that puts `prefix.` before the name of each check: one process, several services. */
export function scopeReadiness(readiness: Readiness, prefix: string): Readiness {
  return { addCheck: (name, check, options) => readiness.addCheck(`${prefix}.${name}`, check, options) };
}

function summarise(checks: readonly CheckReport[]): 'ready' | 'degraded' | 'unready' {
  if (checks.some((check) => check.status === 'failed')) return 'unready';
  return checks.some((check) => check.status === 'degraded') ? 'degraded' : 'ready';
}
