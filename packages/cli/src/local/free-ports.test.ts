import { expect, test } from 'vitest';

import { freePorts } from './free-ports.ts';

test('free ports are different and none of those promised to somebody', async () => {
  const promised = await freePorts(20, []);
  const ports = await freePorts(50, promised);
  expect(new Set(ports).size).toBe(50);
  expect(ports.filter((port) => promised.includes(port))).toEqual([]);
});

test('no ports are asked for, none are given', async () => {
  expect(await freePorts(0, [])).toEqual([]);
});
