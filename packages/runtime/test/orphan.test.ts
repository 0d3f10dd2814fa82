import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { goodEnv } from './child-process.ts';

test.each(['forked', 'ready'])('a process whose parent is killed when it is %s stops in order', async (moment) => {
  const parent = spawn(process.execPath, [fileURLToPath(new URL('fixture-parent.ts', import.meta.url))], {
    env: goodEnv,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Record<string, unknown>[] = [];
  try {
    // The output ends when the last process that could write to it has ended: parent and child.
    for await (const text of createInterface({ input: parent.stdout })) {
      const line: Record<string, unknown> = JSON.parse(text);
      lines.push(line);
      if (line['msg'] === moment) parent.kill('SIGKILL');
    }
  } finally {
    killLeftover(Number(lines[0]?.['childPid']));
  }
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'stopping', cause: 'disconnect' }));
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'fixture disposed' }));
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'stopped', exitCode: 0 }));
});

function killLeftover(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself, as it should.
  }
}
