import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { describe, expect, test, vi } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';
import { WsClient } from '../ws-client.ts';

describe('draining', () => {
  test('does not wait for a connection that never sent anything', async () => {
    await using fixture = await GatewayFixture.start();
    const { hostname, port } = new URL(fixture.httpUrl);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    // The kernel has connected it; the server must have taken it too.
    await fixture.call('ping');
    await fixture.gateway.drain();
    socket.destroy();
  }, 5_000);

  test('does not wait for a request that has not arrived whole', async () => {
    await using fixture = await GatewayFixture.start();
    const { hostname, port } = new URL(fixture.httpUrl);
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write(
      `POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${fixture.key}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    );
    await vi.waitFor(async () => {
      const held = await fixture.platform.metrics.getSingleMetric('gantry_gateway_body_bytes')?.get();
      expect(held?.values[0]?.value).toBe(1);
    });
    await fixture.gateway.drain();
    await closed;
  }, 5_000);

  test('answers a request that was on its way when it began, and closes its connection then', async () => {
    await using fixture = await GatewayFixture.start();
    using agent = new KeptConnection(fixture.httpUrl, fixture.key);
    expect(await agent.ping()).toMatchObject({ status: 200, connection: 'keep-alive' });
    const drained = fixture.gateway.drain();
    expect(await agent.ping()).toMatchObject({ status: 200, connection: 'close' });
    await drained;
  }, 5_000);

  test('waits a moment for the rest of a request', async () => {
    await using fixture = await GatewayFixture.start();
    const { hostname, port } = new URL(fixture.httpUrl);
    const socket = connect(Number(port), hostname);
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    socket.write(
      `POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${fixture.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n{`,
    );
    await vi.waitFor(async () => {
      const held = await fixture.platform.metrics.getSingleMetric('gantry_gateway_body_bytes')?.get();
      expect(held?.values[0]?.value).toBe(1);
    });
    const drained = fixture.gateway.drain();
    socket.write(body.slice(1));
    expect(await text(socket)).toContain('{"jsonrpc":"2.0","id":1,"result":{}}');
    await drained;
  }, 5_000);

  test('answers what is in flight, closes with 1001 and sends the audit events', async () => {
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    await using fixture = await GatewayFixture.start({
      overrides: {
        context: {
          getContext: async () => {
            begun.resolve();
            await release.promise;
            return { items: [], total: 0n, queryId: 'late' };
          },
        },
      },
    });
    await using client = await WsClient.open(fixture);
    client.send({ jsonrpc: '2.0', id: 1, method: 'context/get', params: { query: 'x' } });
    const posted = fixture.post({ jsonrpc: '2.0', id: 1, method: 'context/get', params: { query: 'x' } });
    await begun.promise;
    await vi.waitFor(async () => {
      const inFlight = await fixture.platform.metrics.getSingleMetric('gantry_gateway_in_flight')?.get();
      expect(inFlight?.values[0]?.value).toBe(2);
    });
    const drained = fixture.gateway.drain();
    release.resolve();
    expect(await client.next()).toMatchObject({ result: { query_id: 'late' } });
    expect(await client.closed).toBe(1001);
    const answer = await posted;
    expect(answer.json).toMatchObject({ result: { query_id: 'late' } });
    expect(answer.headers.get('connection')).toBe('close');
    await drained;
    expect(fixture.auth.events.filter(({ method }) => method === 'context/get')).toHaveLength(2);
    await expect(fetch(fixture.httpUrl)).rejects.toThrow();
  });
});

/** One connection that is kept open, so that requests come on it one after the other. */
class KeptConnection implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  ping(): Promise<{ readonly status: number | undefined; readonly connection: string | undefined }> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#key}` };
    return new Promise((resolve, reject) => {
      const sent = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        response.resume();
        response.once('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }));
      });
      sent.once('error', reject);
      sent.end('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
