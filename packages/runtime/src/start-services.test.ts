import { createLogger } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { createPlatform } from './create-platform.ts';
import { createReadiness } from './readiness.ts';
import type { RunningService } from './service-platform.ts';
import { startServices } from './start-services.ts';

const host = {
  platform: (name: string) =>
    createPlatform({
      name,
      readiness: createReadiness(),
      settings: { logLevel: 'silent', otlpEndpoint: undefined, traceSampleRatio: 1 },
      createLogger: () => createLogger({ service: name, level: 'silent' }),
    }),
};

function fake(name: string, events: string[], drainError?: Error): RunningService {
  return {
    endpoints: { grpc: `${name}:1` },
    async drain() {
      events.push(`drain ${name}`);
      if (drainError) throw drainError;
    },
    async [Symbol.asyncDispose]() {
      events.push(`dispose ${name}`);
    },
  };
}

test('services start in order, know those before them, and stop in reverse', async () => {
  const events: string[] = [];
  const running = await startServices(
    [
      { name: 'auth', create: async () => fake('auth', events) },
      {
        name: 'gateway',
        create: async (platform, endpoints) => {
          events.push(`${platform.name} calls ${endpoints['auth']?.['grpc']}`);
          return fake('gateway', events);
        },
      },
    ],
    host,
  );
  expect(running.endpoints).toEqual({ 'auth.grpc': 'auth:1', 'gateway.grpc': 'gateway:1' });
  await running.drain();
  await running[Symbol.asyncDispose]();
  expect(events).toEqual(['gateway calls auth:1', 'drain gateway', 'drain auth', 'dispose gateway', 'dispose auth']);
});

test('when one fails to start, those before it are disposed', async () => {
  const events: string[] = [];
  const starting = startServices(
    [
      { name: 'auth', create: async () => fake('auth', events) },
      { name: 'tool', create: () => Promise.reject(new Error('no database')) },
    ],
    host,
  );
  await expect(starting).rejects.toThrow('no database');
  expect(events).toEqual(['dispose auth']);
});

test('when one fails to drain, the others are drained all the same', async () => {
  const events: string[] = [];
  const running = await startServices(
    [
      { name: 'auth', create: async () => fake('auth', events) },
      { name: 'tool', create: async () => fake('tool', events, new Error('stuck')) },
    ],
    host,
  );
  await expect(running.drain()).rejects.toThrow('1 services failed to drain');
  expect(events).toEqual(['drain tool', 'drain auth']);
});
