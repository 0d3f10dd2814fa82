import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('hold-sockets.ts', import.meta.url));

/** What the program that holds sockets is told. */
export interface HoldJob {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** WebSockets that are open and silent, held by a process of their own. Disposing of it closes them. */
export interface HeldSockets extends AsyncDisposable {
  /** Opens more until there are so many; each begins with `initialize`, and so is a session of MCP. */
  grow(count: number): Promise<void>;
}

/** Starts the process that holds sockets. */
export function holdSockets(job: HoldJob): HeldSockets {
  const child = fork(program, [JSON.stringify(job)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return {
    grow: (count) => grow(child, count),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function grow(child: ChildProcess, count: number): Promise<void> {
  child.send({ count });
  const exited = once(child, 'exit').then(() => {
    throw new Error('the process that holds sockets has ended');
  });
  const [open] = (await Promise.race([once(child, 'message'), exited])) as [{ open: number }];
  if (open.open !== count) throw new Error(`${open.open} of ${count} WebSockets opened`);
}
