import { expect, test } from 'vitest';

import { CONTENDERS } from './contender-names.ts';
import { parseOptions } from './options.ts';

test('without arguments everything is measured in five rounds', () => {
  expect(parseOptions([])).toMatchObject({ mode: 'throughput', only: CONTENDERS, rounds: 5, connections: 64 });
});

test('quick is fewer and shorter, and can be changed', () => {
  const quick = parseOptions(['--quick', '--rounds', '2']);
  expect(quick).toMatchObject({ rounds: 2, seconds: 1 });
  expect(quick.only).toContain('gantry-http-native-strict');
  expect(quick.only).not.toContain('gantry-http-2025-strict');
});

test('only what is named is measured', () => {
  expect(parseOptions(['--only', 'raw-http,gantry-grpc-session']).only).toEqual(['raw-http', 'gantry-grpc-session']);
});

test.each([
  [['--only', 'raw-http,nothing'], 'no such name: nothing'],
  [['--rounds', '0'], 'not a whole number above 0'],
  [['--seconds', '1.5'], 'not a whole number above 0'],
  [['--rate', '--idle'], 'one kind of measurement at a time'],
  [['--gateways', '2', '--rate'], '--gateways is for throughput'],
  [['--gateways', '2', '--soak', '10'], '--gateways is for throughput'],
  [['--gateways', '2', '--gate'], 'the baseline is of one gateway'],
  [['--gateways', '2', '--record'], 'the baseline is of one gateway'],
  [['--soak', '10', '--idle'], 'one kind of measurement at a time'],
  [['--fast'], '--fast'],
])('%j is refused', (args, reason) => {
  expect(() => parseOptions(args)).toThrow(reason);
});
