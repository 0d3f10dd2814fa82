import { expect, test } from 'vitest';

import { decideGate } from './gate.ts';

const name = 'gantry-http-native';
const decide = (before: number | undefined, now: number | undefined) =>
  decideGate({
    recorded: { 'gantry-http-2025': 0.5, ...(before === undefined ? {} : { [name]: before }) },
    measured: now === undefined ? {} : { [name]: now },
    wanted: [name],
  });

test('a ratio at 70 % of the recorded one passes, and one below it does not', () => {
  expect(decide(0.5, 0.35)).toEqual([]);
  expect(decide(0.5, 0.349)).toEqual(['gantry-http-native is 0.35 x raw-http, more than 30 % below the recorded 0.50']);
});

test('a ratio that rose passes', () => {
  expect(decide(0.5, 5)).toEqual([]);
});

test('what was not measured does not pass, be it recorded or not', () => {
  expect(decide(0.5, undefined)).toEqual(['gantry-http-native was not measured']);
  expect(decide(undefined, undefined)).toEqual(['gantry-http-native was not measured']);
});

test('what was never recorded passes, beside what was', () => {
  expect(decide(undefined, 0.01)).toEqual([]);
});

test('without a baseline nothing passes', () => {
  const reasons = decideGate({ recorded: {}, measured: { [name]: 0.5 }, wanted: [name] });
  expect(reasons).toEqual(['no baseline of a machine like this one: run --record first']);
});

test('only what was wanted counts, and of that only what is ours', () => {
  const recorded = { 'sdk-v1-session': 0.1, 'gantry-http-2025': 0.5, [name]: 0.5 };
  const measured = { 'sdk-v1-session': 0.01, [name]: 0.5 };
  expect(decideGate({ recorded, measured, wanted: ['sdk-v1-session', name] })).toEqual([]);
});
