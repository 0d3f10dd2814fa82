import { setImmediate as nextTurn } from 'node:timers/promises';

import { Registry } from 'prom-client';
import { expect, test } from 'vitest';

import { RequestIntake, showIntake, type WaitingRequest } from './request-intake.ts';
import { StreamConnection } from './stream-connection.ts';

const connectionOf = (peer: string) => new StreamConnection(peer, () => undefined);

/** An intake of two requests a turn, and what it has begun. */
function startIntake() {
  const begun: string[] = [];
  const gone = new Set<string>();
  const intake = new RequestIntake(2);
  const request = (connection: StreamConnection, name: string, onBegin = () => {}): WaitingRequest => ({
    connection,
    get isGone() {
      return gone.has(name);
    },
    begin() {
      begun.push(name);
      onBegin();
    },
  });
  return { begun, gone, intake, request };
}

const ann = connectionOf('ann');
const bob = connectionOf('bob');

test('requests begin at once, up to so many a turn, and the others in the next turns', async () => {
  const { begun, intake, request } = startIntake();
  for (const name of ['1', '2', '3', '4', '5']) intake.take(request(ann, name));
  expect(begun).toEqual(['1', '2']);
  expect(intake.waiting).toBe(3);
  await nextTurn();
  expect(begun).toEqual(['1', '2', '3', '4']);
  await nextTurn();
  expect(begun).toEqual(['1', '2', '3', '4', '5']);
  expect(intake.waiting).toBe(0);
});

test('a turn that has gone by makes room for the next', async () => {
  const { begun, intake, request } = startIntake();
  intake.take(request(ann, '1'));
  intake.take(request(ann, '2'));
  await nextTurn();
  intake.take(request(ann, '3'));
  expect(begun).toEqual(['1', '2', '3']);
});

test('connections take turns, however many requests one of them has', async () => {
  const { begun, intake, request } = startIntake();
  for (let i = 1; i <= 6; i += 1) intake.take(request(ann, `ann ${i}`));
  intake.take(request(bob, 'bob 1'));
  await nextTurn();
  expect(begun).toEqual(['ann 1', 'ann 2', 'ann 3', 'bob 1']);
});

test('nobody overtakes those who wait', async () => {
  const { begun, intake, request } = startIntake();
  for (let i = 1; i <= 5; i += 1) intake.take(request(ann, `ann ${i}`));
  await nextTurn();
  intake.take(request(ann, 'ann 6'));
  expect(begun).toEqual(['ann 1', 'ann 2', 'ann 3', 'ann 4']);
  await nextTurn();
  expect(begun.slice(4)).toEqual(['ann 5', 'ann 6']);
});

test('what was given up while it waited is not begun, and takes nobody else’s place', async () => {
  const { begun, gone, intake, request } = startIntake();
  for (let i = 1; i <= 100; i += 1) intake.take(request(ann, `ann ${i}`));
  for (let i = 3; i <= 99; i += 1) gone.add(`ann ${i}`);
  intake.take(request(bob, 'bob 1'));
  await nextTurn();
  expect(begun).toEqual(['ann 1', 'ann 2', 'ann 100', 'bob 1']);
  expect(intake.waiting).toBe(0);
});

test('a request that comes while another one begins waits for its turn', async () => {
  const { begun, intake, request } = startIntake();
  const again = () => intake.take(request(bob, 'bob 1'));
  for (const name of ['1', '2']) intake.take(request(ann, name));
  intake.take(request(ann, '3', again));
  intake.take(request(ann, '4'));
  await nextTurn();
  expect(begun).toEqual(['1', '2', '3', '4']);
  await nextTurn();
  expect(begun).toEqual(['1', '2', '3', '4', 'bob 1']);
});

test('a gauge shows what waits at all servers of a registry', async () => {
  const registry = new Registry();
  const [one, other] = [startIntake(), startIntake()];
  showIntake(one.intake, registry);
  showIntake(other.intake, registry);
  for (let i = 0; i < 5; i += 1) one.intake.take(one.request(ann, ''));
  for (let i = 0; i < 3; i += 1) other.intake.take(other.request(ann, ''));
  const gauge = await registry.getSingleMetric('gantry_rpc_server_waiting_requests')?.get();
  expect(gauge?.values[0]?.value).toBe(4);
});
