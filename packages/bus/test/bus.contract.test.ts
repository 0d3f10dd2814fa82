import { randomUUID } from 'node:crypto';

import { isReason } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { PAYLOAD_BYTES_MAX, TOPIC_CHARS_MAX } from '../src/bus.ts';
import { busAdapters } from './bus-fixture.ts';

describe.each(Object.entries(busAdapters))('the %s bus', (_name, open) => {
  const newTopic = () => `test:${randomUUID()}`;

  test('delivers to every handler of a topic, in order, and to no other topic', async () => {
    const { bus } = open();
    await using _ = bus;
    const [topic, other] = [newTopic(), newTopic()];
    const heard: string[][] = [[], [], []];
    await bus.subscribe(topic, (payload) => void heard[0]?.push(payload));
    await bus.subscribe(topic, (payload) => void heard[1]?.push(payload));
    await bus.subscribe(other, (payload) => void heard[2]?.push(payload));

    const sent = Array.from({ length: 100 }, (_value, index) => `message ${index} ✓`);
    for (const payload of sent) {
      await eventually(() => bus.publish(topic, payload));
    }
    await bus.publish(other, 'end');

    await expect.poll(() => heard[2]).toEqual(['end']);
    await expect.poll(() => heard[0]).toEqual(sent);
    expect(heard[1]).toEqual(sent);
  });

  test('does not deliver within the call of publish', async () => {
    const { bus } = open();
    await using _ = bus;
    const topic = newTopic();
    const heard: string[] = [];
    await bus.subscribe(topic, (payload) => void heard.push(payload));

    const published = eventually(() => bus.publish(topic, 'x'));
    expect(heard).toEqual([]);
    await published;

    await expect.poll(() => heard).toEqual(['x']);
  });

  test('a disposed subscription hears nothing, the others go on, and disposing twice is harmless', async () => {
    const { bus } = open();
    await using _ = bus;
    const topic = newTopic();
    const heard: string[] = [];
    const first = await bus.subscribe(topic, (payload) => void heard.push(`first ${payload}`));
    await bus.subscribe(topic, (payload) => void heard.push(`second ${payload}`));

    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await eventually(() => bus.publish(topic, 'x'));

    await expect.poll(() => heard).toEqual(['second x']);
  });

  test('a topic can be heard again after its last subscription went', async () => {
    const { bus } = open();
    await using _ = bus;
    const topic = newTopic();
    const heard: string[] = [];
    const first = await bus.subscribe(topic, () => undefined);
    const leaving = first[Symbol.asyncDispose]();
    await bus.subscribe(topic, (payload) => void heard.push(payload));
    await leaving;

    await eventually(() => bus.publish(topic, 'x'));

    await expect.poll(() => heard).toEqual(['x']);
  });

  test('a handler that throws or rejects is logged and hurts nobody', async () => {
    const { bus, logs } = open();
    await using _ = bus;
    const topic = newTopic();
    const heard: string[] = [];
    await bus.subscribe(topic, () => {
      throw new Error('thrown');
    });
    await bus.subscribe(topic, () => Promise.reject(new Error('rejected')));
    await bus.subscribe(topic, (payload) => void heard.push(payload));

    await eventually(() => bus.publish(topic, 'x'));

    await expect.poll(() => heard).toEqual(['x']);
    await expect.poll(() => logs).toEqual(['a bus handler failed', 'a bus handler failed']);
  });

  test('the largest payload arrives and one byte more is refused', async () => {
    const { bus } = open();
    await using _ = bus;
    const topic = newTopic();
    const heard: number[] = [];
    await bus.subscribe(topic, (payload) => void heard.push(Buffer.byteLength(payload)));

    // Two bytes each in UTF-8: the cap is bytes, not characters.
    const largest = 'é'.repeat(PAYLOAD_BYTES_MAX / 2);
    await eventually(() => bus.publish(topic, largest));
    await expect(bus.publish(topic, `${largest}x`)).rejects.toSatisfy((error) =>
      isReason(error, 'BUS_PAYLOAD_TOO_LARGE'),
    );

    await expect.poll(() => heard).toEqual([PAYLOAD_BYTES_MAX]);
  });

  test('a topic must not be empty or over the cap', async () => {
    const { bus } = open();
    await using _ = bus;
    const isInvalid = (error: unknown) => isReason(error, 'BUS_TOPIC_INVALID');

    await expect(bus.publish('', 'x')).rejects.toSatisfy(isInvalid);
    await expect(bus.subscribe('t'.repeat(TOPIC_CHARS_MAX + 1), () => undefined)).rejects.toSatisfy(isInvalid);
    await bus.subscribe(newTopic().padEnd(TOPIC_CHARS_MAX, 't'), () => undefined);
  });

  test('a closed bus refuses work and delivers nothing', async () => {
    const { bus } = open();
    const topic = newTopic();
    const subscription = await bus.subscribe(topic, () => undefined);
    await bus[Symbol.asyncDispose]();
    const isClosed = (error: unknown) => isReason(error, 'BUS_CLOSED');

    await expect(bus.publish(topic, 'x')).rejects.toSatisfy(isClosed);
    await expect(bus.subscribe(topic, () => undefined)).rejects.toSatisfy(isClosed);
    await subscription[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
  });
});

/** The publisher connects in the background and refuses until it is there. */
async function eventually(publish: () => Promise<void>): Promise<void> {
  await expect.poll(publish, { timeout: 5_000 }).toBeUndefined();
}
