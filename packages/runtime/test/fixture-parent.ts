/** Starts the fixture service as a child with an IPC channel, says which process that is, and waits to be killed. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const child = fork(fileURLToPath(new URL('fixture-service.ts', import.meta.url)), {
  execArgv: [],
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
process.stdout.write(`${JSON.stringify({ msg: 'forked', childPid: child.pid })}\n`);
