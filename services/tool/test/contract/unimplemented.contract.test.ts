import { createTestDatabase } from '@gantry/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { callRequest, startTool, type ToolUnderTest } from '../tool-under-test.ts';

const stack = new AsyncDisposableStack();
let world: ToolUnderTest;

beforeAll(async () => {
  const database = stack.use(await createTestDatabase());
  world = stack.use(await startTool(database.url));
});

afterAll(() => stack.disposeAsync());

const call = callRequest('echo', new Uint8Array(0));
const bytes = new Uint8Array(0);
type Options = Awaited<ReturnType<ToolUnderTest['as']>>;
const first = (stream: AsyncIterable<unknown>) => stream[Symbol.asyncIterator]().next();

const methods = {
  'CatalogService/PutTool': (options: Options) =>
    world.catalog.putTool({ tool: undefined, bindingJson: bytes }, options),
  'CatalogService/DeleteTool': (options: Options) => world.catalog.deleteTool({ name: 'echo' }, options),
  'CatalogService/WatchCatalog': (options: Options) => first(world.catalog.watchCatalog({}, options)),
  'TaskService/CreateTask': (options: Options) => world.tasks.createTask({ call, ttl: undefined }, options),
  'TaskService/GetTask': (options: Options) => world.tasks.getTask({ taskId: 't' }, options),
  'TaskService/UpdateTask': (options: Options) =>
    world.tasks.updateTask({ taskId: 't', inputResponsesJson: bytes }, options),
  'TaskService/CancelTask': (options: Options) => world.tasks.cancelTask({ taskId: 't' }, options),
  'TaskService/WatchTasks': (options: Options) => first(world.tasks.watchTasks({ taskIds: ['t'] }, options)),
};

describe.each(Object.entries(methods))('%s', (method, invoke) => {
  test('is UNIMPLEMENTED and says so', async () => {
    await expect(invoke(await world.as())).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      reason: 'METHOD_UNIMPLEMENTED',
      message: `gantry.tool.v1.${method} is part of the contract but not available in this version`,
    });
  });

  test('is UNAUTHENTICATED for somebody unknown', async () => {
    await expect(invoke({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
