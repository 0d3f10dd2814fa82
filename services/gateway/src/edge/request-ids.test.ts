import { expect, test } from 'vitest';

import { RequestIds } from './request-ids.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('the ids of all connections differ, and look like others', () => {
  const ids = Array.from({ length: 10 }, () => new RequestIds()).flatMap((one) =>
    Array.from({ length: 300 }, () => one.next()),
  );
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(UUID);
});
