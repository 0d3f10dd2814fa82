import { DataFolderError } from '@gantry/data-folder';
import { EmbeddedPostgresError } from '@gantry/embedded-postgres';
import { AppError } from '@gantry/errors';
import { expect, test } from 'vitest';

import { explainFailure } from './explain-failure.ts';

const none = { databaseUrl: undefined, env: {} };

test.each([
  new DataFolderError('the folder cannot be made'),
  new EmbeddedPostgresError('FOLDER_IN_USE', 'another one runs'),
  new AppError({ code: 'FAILED_PRECONDITION', reason: 'ADDRESS_UNAVAILABLE', message: 'cannot listen' }),
])('$name is a sentence already', (error) => {
  expect(explainFailure(error, none)).toBe(error.message);
  expect(explainFailure(error, { ...none, databaseUrl: 'postgres://127.0.0.1/x' })).toBe(error.message);
});

test('a failure of the database is told with its place', () => {
  const error = Object.assign(new Error('database "x" does not exist'), { code: '3D000' });
  expect(explainFailure(error, { ...none, databaseUrl: 'postgres://127.0.0.1/x' })).toContain('127.0.0.1:5432/x');
  expect(explainFailure(error, none)).toBeUndefined();
});

test('a port of ours that was taken is named, with the variable that chooses another', () => {
  const error = (port: number) =>
    Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', syscall: 'listen', port });
  const config = { ...none, env: { ADMIN_PORT: '9000', TOOL_GRPC_PORT: '7001' } };
  expect(explainFailure(error(9_000), config)).toBe(
    'cannot listen on 127.0.0.1:9000: it is in use; stop the other program or set ADMIN_PORT (0 takes any free one)',
  );
  expect(explainFailure(error(8_000), config)).toContain('GATEWAY_HTTP_PORT');
  expect(explainFailure(error(7_001), config)).toContain('TOOL_GRPC_PORT');
});

test('a port only root may use is named', () => {
  const error = Object.assign(new Error('listen EACCES'), { code: 'EACCES', syscall: 'listen', port: 80 });
  expect(explainFailure(error, { ...none, env: { ADMIN_PORT: '80' } })).toMatch(/:80: .* ADMIN_PORT .* 1023/);
});

test.each(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'])(
  'a place where the data cannot be (%s) is named, with the variable that chooses another',
  (code) => {
    const error = Object.assign(new Error(code), { code, path: '/var/lib/gantry' });
    expect(explainFailure(error, none)).toMatch(/^\/var\/lib\/gantry cannot be used .*GANTRY_DATA_DIR/);
  },
);

test('a bug has no explanation, so that its stack is shown', () => {
  const config = { ...none, databaseUrl: 'postgres://127.0.0.1/x' };
  expect(explainFailure(new TypeError('x is undefined'), config)).toBeUndefined();
  expect(explainFailure('text', config)).toBeUndefined();
  expect(explainFailure(Object.assign(new Error('open'), { code: 'EACCES' }), config)).toBeUndefined();
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect', port: 6_379 });
  expect(explainFailure(refused, config)).toBeUndefined();
});
