import { describe, expect, test } from 'vitest';

import { type ProfiledNode, readCpuProfile } from './cpu-profile.ts';
import { hottest } from './hot-functions.ts';
import { groupOf, groupSelfTimes, readGroupRules } from './profile-groups.ts';

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9 });
const profile = JSON.stringify({
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3] },
    { id: 2, callFrame: frame('handle', 'file:///x/services/gateway/src/edge/http.ts'), children: [4] },
    { id: 3, callFrame: frame('(idle)') },
    { id: 4, callFrame: frame('parse') },
  ],
  startTime: 1_000,
  endTime: 2_000,
  samples: [2, 4, 3, 4],
  timeDeltas: [0, 100, 200, 300],
});
const always = { fromUs: 0, toUs: Infinity };
const rules = readGroupRules();

function selfUs(nodes: readonly ProfiledNode[]): Record<string, number> {
  return Object.fromEntries(nodes.map((node) => [node.frame.functionName, node.selfUs]));
}

describe('readCpuProfile', () => {
  test('a sample stands for the time until the next one', () => {
    expect(selfUs(readCpuProfile(profile, always))).toEqual({ '(root)': 0, handle: 100, '(idle)': 300, parse: 200 });
  });

  test('what lies outside the window does not count', () => {
    const nodes = readCpuProfile(profile, { fromUs: 1_100, toUs: 1_300 });
    expect(selfUs(nodes)).toEqual({ '(root)': 0, handle: 0, '(idle)': 0, parse: 200 });
  });

  test('a sample that was taken out of order costs nothing', () => {
    const odd = JSON.stringify({ ...JSON.parse(profile), samples: [2, 4], timeDeltas: [0, -50] });
    expect(selfUs(readCpuProfile(odd, always))['handle']).toBe(0);
  });
});

describe('the groups of a profile', () => {
  test('self times are added up by group', () => {
    expect(groupSelfTimes(readCpuProfile(profile, always), rules)).toEqual({
      'gateway edge': 100,
      json: 200,
      idle: 300,
    });
  });

  const node = (functionName: string, url = '', parent?: ProfiledNode): ProfiledNode => ({
    frame: frame(functionName, url),
    parent,
    selfUs: 1,
  });
  const grpc = node('onReadableStream', 'file:///x/node_modules/@grpc/grpc-js/build/src/transport.js');

  test.each([
    ['lane', node('pack', 'file:///x/packages/rpc/src/lane/pack.ts')],
    ['rpc layer', node('serve', 'file:///x/packages/rpc/src/serve-call.ts')],
    ['protobuf', node('encode', 'file:///x/packages/protocol/src/gen/gantry/auth/v1/audit_service.ts')],
    ['audit', node('push', 'file:///x/services/gateway/src/clients/audit-spool.ts')],
    ['http', node('parserOnHeadersComplete', 'node:_http_common')],
    ['http2', node('onSessionHeaders', 'node:internal/http2/core')],
    ['promises, timers', node('runMicrotasks')],
    ['garbage collection', node('(garbage collector)')],
    ['other', node('f', 'file:///x/node_modules/unheard-of/index.js')],
  ] as const)('%s', (group, one) => {
    expect(groupOf(one, rules)).toBe(group);
  });

  test('what the engine and small modules of Node do is charged to whoever called it', () => {
    expect(groupOf(node('slice', '', node('from', 'node:buffer', grpc)), rules)).toBe('grpc-js');
    expect(groupOf(node('slice'), rules)).toBe('other');
  });
});

test('the hottest functions are added up over their callers, without folders of this machine', () => {
  expect(hottest(readCpuProfile(profile, always), 100).slice(1, 3)).toEqual([
    { name: 'parse', place: '', usPerRequest: 2 },
    { name: 'handle', place: 'services/gateway/src/edge/http.ts:10', usPerRequest: 1 },
  ]);
});
