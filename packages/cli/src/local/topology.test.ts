import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { describe, expect, test } from 'vitest';

import { CliError, UsageError } from '../cli-error.ts';
import { freePorts, isFree } from './free-ports.ts';
import {
  isGateway,
  parseReplicas,
  planTopology,
  REPLICAS_MAX,
  requireFreePorts,
  targetOf,
  type Topology,
} from './topology.ts';

const one = { auth: 1, context: 1, resource: 1, tool: 1, gateway: 1 };
const anyPort = {
  GATEWAY_HTTP_PORT: '0',
  GATEWAY_GRPC_PORT: '0',
  CONTEXT_GRPC_PORT: '0',
  TOOL_GRPC_PORT: '0',
  RESOURCE_GRPC_PORT: '0',
  AUTH_GRPC_PORT: '0',
};

function portsOf({ members, httpPort }: Topology): number[] {
  return [httpPort, ...members.flatMap(({ grpcPort, adminPort }) => [grpcPort, adminPort])];
}

describe('parseReplicas', () => {
  test('services that are not named have one replica', () => {
    expect(parseReplicas([])).toEqual(one);
    expect(parseReplicas(['gateway=2,tool=3', `auth=${REPLICAS_MAX}`])).toEqual({
      ...one,
      gateway: 2,
      tool: 3,
      auth: REPLICAS_MAX,
    });
  });

  test.each(['', 'gateway', 'gateway=', 'gateway=0', 'gateway=-1', 'gateway=1.5', 'gateway=0x2', 'gateway=2=3'])(
    '%j is refused, and the hint shows how to write it',
    (text) => {
      expect(() => parseReplicas([text])).toThrow(UsageError);
    },
  );

  test('an unknown service and one replica too many are refused', () => {
    expect(() => parseReplicas(['gatway=2'])).toThrow('there is no service "gatway"');
    expect(() => parseReplicas(['gatway=2'])).toThrow(UsageError);
    expect(() => parseReplicas([`tool=${REPLICAS_MAX + 1}`])).toThrow(UsageError);
  });
});

describe('planTopology', () => {
  test('the first replica of each service has the default port', async () => {
    const topology = await planTopology(one, { GATEWAY_GRPC_PORT: '' });
    expect(topology.httpPort).toBe(8_000);
    expect(topology.members.map(({ service, replica, grpcPort }) => [service, replica, grpcPort])).toEqual([
      ['auth', 1, 50_055],
      ['context', 1, 50_052],
      ['resource', 1, 50_054],
      ['tool', 1, 50_053],
      ['gateway', 1, 50_051],
    ]);
  });

  test('a port that is set is taken, by the first replica only', async () => {
    const { members } = await planTopology({ ...one, tool: 2 }, { TOOL_GRPC_PORT: '7001' });
    const [first, second] = members.filter(({ service }) => service === 'tool');
    expect(first).toMatchObject({ replica: 1, grpcPort: 7_001 });
    expect(second).toMatchObject({ replica: 2 });
    expect(second?.grpcPort).not.toBe(7_001);
  });

  test('the replicas of the gateway share a port, which is the one target of all', async () => {
    const topology = await planTopology({ ...one, gateway: 3, tool: 2 }, { GATEWAY_GRPC_PORT: '7002' });
    expect(topology.members.filter(isGateway).map(({ grpcPort }) => grpcPort)).toEqual([7_002, 7_002, 7_002]);
  });

  test('with 0 everywhere all ports of many replicas are there and different', async () => {
    const topology = await planTopology({ auth: 8, context: 8, resource: 8, tool: 8, gateway: 8 }, anyPort);
    const ports = portsOf(topology);
    expect(ports).toHaveLength(81);
    // The gateways share one for gRPC.
    expect(new Set(ports).size).toBe(81 - 7);
    expect(Math.min(...ports)).toBeGreaterThan(0);
  });

  test.each(['http', '-1', '65536', '1e3', ' 80 '])(
    'the port %j is refused with the name of its variable',
    async (text) => {
      await expect(planTopology(one, { GATEWAY_HTTP_PORT: text })).rejects.toThrow('GATEWAY_HTTP_PORT');
      await expect(planTopology(one, { AUTH_GRPC_PORT: text })).rejects.toThrow('AUTH_GRPC_PORT');
    },
  );
});

test('the target of one address is that, of several a list of them', async () => {
  const ports = { AUTH_GRPC_PORT: '7002', TOOL_GRPC_PORT: '7003', GATEWAY_GRPC_PORT: '7004' };
  const topology = await planTopology({ ...one, tool: 2, gateway: 2 }, ports);
  expect(targetOf('auth', topology)).toBe('127.0.0.1:7002');
  expect(targetOf('tool', topology)).toMatch(/^ipv4:127\.0\.0\.1:7003,127\.0\.0\.1:\d+$/);
  expect(targetOf('gateway', topology)).toBe('127.0.0.1:7004');
});

describe('requireFreePorts', () => {
  test('ports that are free pass, and are free afterwards', async () => {
    const topology = await planTopology(one, anyPort);
    await requireFreePorts(topology);
    expect(await isFree(topology.httpPort)).toBe(true);
  });

  test('every port in use is told in a sentence with its variable', async () => {
    const [free = 0] = await freePorts(1, []);
    await using server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A server that listens on an IP address has one of this kind.
    const { port } = server.address() as AddressInfo;
    const taken = { GATEWAY_HTTP_PORT: String(port), TOOL_GRPC_PORT: String(port), AUTH_GRPC_PORT: String(free) };
    const topology = await planTopology({ ...one, gateway: 2 }, { ...anyPort, ...taken });
    const refusal = await requireFreePorts(topology).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CliError);
    expect(String(refusal).match(/set \w+/g)).toEqual(['set GATEWAY_HTTP_PORT', 'set TOOL_GRPC_PORT']);
    expect(String(refusal)).toContain(`127.0.0.1:${port}`);
  });
});
