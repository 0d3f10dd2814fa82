import { expect, test } from 'vitest';

import { sampleCall } from '../../test/sample-tool.ts';
import { echo } from './echo.ts';

test.each(['hello', '', 'ü 😀\n\u0000'])('returns %j as it is', async (message) => {
  expect(await echo.run({ message }, sampleCall())).toEqual({
    content: [{ type: 'text', text: message }],
    structuredContent: { message },
    isError: false,
  });
});
