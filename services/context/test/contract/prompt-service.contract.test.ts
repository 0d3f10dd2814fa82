import { afterAll, expect, test } from 'vitest';

import { startContext } from './start-context.ts';

const service = await startContext();
afterAll(() => service[Symbol.asyncDispose]());
const { prompts, as } = service;

const calls = {
  listPrompts: (options: object) => prompts.listPrompts({ pageToken: '' }, options),
  getPrompt: (options: object) => prompts.getPrompt({ name: 'p', arguments: {} }, options),
  complete: (options: object) =>
    prompts.complete({ referenceJson: new Uint8Array(), argumentName: 'a', argumentValue: '', context: {} }, options),
};

test.each(Object.entries(calls))('%s is UNIMPLEMENTED and says so', async (_name, call) => {
  await expect(call(await as())).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: expect.stringMatching(/is part of the contract but not available/),
  });
  await expect(call({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('the service is ready while its database is there', async () => {
  service.platform.readiness.markStarted();
  expect(await service.platform.readiness.report()).toMatchObject({
    status: 'ready',
    checks: { database: expect.anything() },
  });
});
