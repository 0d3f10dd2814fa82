import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { SUBSCRIPTIONS_MAX } from '../../src/edge/resource-subscriptions.ts';
import { GatewayFixture } from '../gateway-fixture.ts';
import { WsClient } from '../ws-client.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

describe('a subscription', () => {
  test('pushes each change until it is ended', async () => {
    await using client = await WsClient.open(gateway);
    const uri = 'file:///pushed';
    gateway.resources.change(uri, 'v1');
    const { result } = await client.call('resources/subscribe', { uri });
    const { subscriptionId } = result as { subscriptionId: string };
    expect(result).toEqual({ subscriptionId, uri, delivery: 'push' });
    expect(await client.call('resources/subscribe', { uri })).toMatchObject({ result: { subscriptionId } });
    gateway.resources.change(uri, 'v2');
    expect(await client.next()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params: { uri, subscriptionId },
    });
    expect(await client.call('resources/unsubscribe', { uri })).toMatchObject({ result: {} });
    await vi.waitFor(() => expect(gateway.resources.watcherCount).toBe(0));
  });

  test('tells that a resource is gone and ends', async () => {
    await using client = await WsClient.open(gateway);
    const uri = 'file:///gone';
    gateway.resources.change(uri, 'v1');
    await client.call('resources/subscribe', { uri });
    gateway.resources.change(uri, undefined);
    expect(await client.next()).toMatchObject({ method: 'notifications/resources/updated', params: { uri } });
    await vi.waitFor(() => expect(gateway.resources.watcherCount).toBe(0));
  });

  test('outlives the resource service, and tells what changed meanwhile', async () => {
    await using fixture = await GatewayFixture.start();
    await using client = await WsClient.open(fixture);
    const uri = 'file:///a.md';
    await client.call('resources/subscribe', { uri });
    await fixture.stop('resource');
    fixture.resources.change(uri, 'v2');
    await fixture.restart('resource');
    expect(await client.next()).toMatchObject({ method: 'notifications/resources/updated', params: { uri } });
  });

  test('is looked at anew when the permissions of its principal have changed', async () => {
    const key = gateway.auth.addKey({ permissions: ['resources:read'], tenantId: 'changing' });
    await using client = await WsClient.open(gateway, key);
    const uri = 'file:///changing';
    gateway.resources.change(uri, 'v1');
    await client.call('resources/subscribe', { uri });
    gateway.auth.permit(key, ['resources/other:read']);
    gateway.resources.change(uri, 'v2');
    // The fake hides nothing, so the change is told; what counts is that the service was asked with the new permissions.
    expect(await client.next()).toMatchObject({ method: 'notifications/resources/updated' });
    expect(gateway.resources.watchedWith.at(-1)).toEqual(['resources/other:read']);
  });

  test('to nothing is -32002', async () => {
    await using client = await WsClient.open(gateway);
    expect(await client.call('resources/subscribe', { uri: 'file:///none' })).toMatchObject({
      error: { code: -32002 },
    });
  });

  test('ends with its connection', async () => {
    const client = await WsClient.open(gateway);
    await client.call('resources/subscribe', { uri: 'file:///a.md' });
    expect(gateway.resources.watcherCount).toBe(1);
    await client[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(gateway.resources.watcherCount).toBe(0));
  });

  test('is one of a hundred at most', async () => {
    await using client = await WsClient.open(gateway);
    for (let count = 0; count <= SUBSCRIPTIONS_MAX; count += 1) gateway.resources.change(`file:///n/${count}`, 'v1');
    for (let count = 0; count < SUBSCRIPTIONS_MAX; count += 1) {
      expect(await client.call('resources/subscribe', { uri: `file:///n/${count}` })).toHaveProperty('result');
    }
    expect(await client.call('resources/subscribe', { uri: `file:///n/${SUBSCRIPTIONS_MAX}` })).toMatchObject({
      error: { code: -32004, data: { reason: 'SUBSCRIPTION_LIMIT_REACHED' } },
    });
  });
});
