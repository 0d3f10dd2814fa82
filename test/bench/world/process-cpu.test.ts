import { expect, test } from 'vitest';

import { openFilesIn } from './open-files.ts';
import { cpuMsIn, machineCpuMsIn } from './process-cpu.ts';

test('the name of a process may hold anything', () => {
  const fields = ['S', ...Array.from({ length: 10 }, () => '0'), '7', '5', '0', '0'];
  expect(cpuMsIn(`42 (node) S 1 (x)) ${fields.join(' ')}`)).toBe(120);
});

test('the machine is busy with everything but waiting', () => {
  expect(machineCpuMsIn('cpu  10 1 20 999 888 3 4 5 100 0\ncpu0 9 9 9\n')).toBe(430);
});

test('the soft limit of open files is read, also when there is none', () => {
  expect(openFilesIn('Max processes 1 2 processes\nMax open files            20000  40000  files\n')).toBe(20_000);
  expect(openFilesIn('Max open files            unlimited unlimited files\n')).toBe(Infinity);
});
