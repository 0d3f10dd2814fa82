import { fakeClock } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { sampleCall } from '../../test/sample-tool.ts';
import { createCurrentTime } from './current-time.ts';

const clock = fakeClock(Date.UTC(2026, 6, 1, 22, 30, 5));
const currentTime = createCurrentTime(() => clock.now());
const utc = '2026-07-01T22:30:05.000Z';

test.each([
  [{}, 'UTC', '2026-07-01 22:30:05'],
  [{ timezone: 'UTC' }, 'UTC', '2026-07-01 22:30:05'],
  [{ timezone: 'Europe/Berlin' }, 'Europe/Berlin', '2026-07-02 00:30:05'],
  [{ timezone: 'Asia/Kathmandu' }, 'Asia/Kathmandu', '2026-07-02 04:15:05'],
  [{ timezone: 'America/Los_Angeles' }, 'America/Los_Angeles', '2026-07-01 15:30:05'],
])('%j tells the time in %s', async (parameters, timezone, local) => {
  expect(await currentTime.run(parameters, sampleCall())).toEqual({
    content: [{ type: 'text', text: `It is ${local} in ${timezone} (${utc}).` }],
    structuredContent: { utc, local, timezone },
    isError: false,
  });
});

test.each(['', 'Mars/Olympus', 'Europe/', '../etc/passwd', '😀'])(
  '%j is no time zone, and the model is told',
  async (timezone) => {
    const text = `"${timezone}" is not an IANA time zone; use one such as Europe/Berlin or UTC`;
    expect(await currentTime.run({ timezone }, sampleCall())).toEqual({
      content: [{ type: 'text', text }],
      isError: true,
    });
  },
);
