import { expect, test } from 'vitest';

import { acceptsBoth } from './accept.ts';

test.each([
  'application/json, text/event-stream',
  'text/event-stream;q=0.5,application/json',
  'Application/JSON, Text/Event-Stream',
  'application/*, text/*',
  '*/*',
  'text/html, */*;q=0.1',
])('%j takes JSON and event streams', (accept) => {
  expect(acceptsBoth(accept)).toBe(true);
});

test.each([
  '',
  'application/json',
  'text/event-stream',
  'application/json, text/html',
  'application/*',
  'json, */json',
])('%j does not', (accept) => {
  expect(acceptsBoth(accept)).toBe(false);
});
