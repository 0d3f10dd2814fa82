import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Far above what any step takes on a busy machine; reached only when a test fails. */
const WAIT_MS_MAX = 20_000;

/** A child process that runs the fixture service. */
export interface FixtureProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Everything written to standard error so far. */
  stderr(): string;
  /** Resolves with the first log line, past or future, that has this message. */
  logged(message: string): Promise<Record<string, unknown>>;
  /** Resolves with the exit code once the process has ended and its output was read. */
  exited(): Promise<number | null>;
}

interface StartFixtureOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** An environment in which the fixture service starts. */
export const goodEnv = {
  ADMIN_PORT: '0',
  FIXTURE_LIMIT: '3',
  FIXTURE_URL: 'http://localhost/',
  SHUTDOWN_GRACE_SECONDS: '60',
};

/** Starts the fixture service with a good environment, changed by `env`. */
export function startFixture({ env = {}, args = [] }: StartFixtureOptions = {}): FixtureProcess {
  const path = fileURLToPath(new URL('fixture-service.ts', import.meta.url));
  const child = fork(path, args, {
    env: { ...goodEnv, ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const closed = once(child, 'close');
  const lines: Record<string, unknown>[] = [];
  const waiters = new Set<() => void>();
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line.startsWith('{') ? JSON.parse(line) : { msg: line });
      for (const wake of waiters) wake();
    });
  }
  // The fixture waits for an answer to this one message while it is disposed.
  child.on('message', (message) => message === 'disposing' && child.connected && child.send('disposed'));

  return {
    process: child,
    stderr: () => stderr,
    logged(message) {
      const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
      const look = () => {
        const line = lines.find(({ msg }) => msg === message);
        if (line !== undefined) resolve(line);
      };
      waiters.add(look);
      look();
      return within(promise, () => `no line "${message}" in ${JSON.stringify(lines)} ${stderr}`);
    },
    exited: () =>
      within(
        closed.then(([code]) => code),
        () => `no exit: ${JSON.stringify(lines)} ${stderr}`,
      ),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

async function within<T>(promise: Promise<T>, describe: () => string): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(describe())), WAIT_MS_MAX);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
