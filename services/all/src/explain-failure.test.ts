import { DataFolderError } from '@gantry/data-folder';
import { EmbeddedPostgresError } from '@gantry/embedded-postgres';
import { AppError } from '@gantry/errors';
import { expect, test } from 'vitest';

import { explainFailure } from './explain-failure.ts';

test.each([
  new DataFolderError('the folder cannot be made'),
  new EmbeddedPostgresError('FOLDER_IN_USE', 'another one runs'),
  new AppError({ code: 'FAILED_PRECONDITION', reason: 'ADDRESS_UNAVAILABLE', message: 'cannot listen' }),
])('$name is a sentence already', (error) => {
  expect(explainFailure(error)).toBe(error.message);
});

test('a port in use is named, with the variables that choose another', () => {
  const error = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', port: 8_000 });
  expect(explainFailure(error)).toMatch(/^port 8000 .* GATEWAY_HTTP_PORT/);
});

test('a port only root may use is named', () => {
  const error = Object.assign(new Error('listen EACCES'), { code: 'EACCES', port: 80 });
  expect(explainFailure(error)).toContain('port 80');
});

test('a bug has no explanation, so that its stack is shown', () => {
  expect(explainFailure(new TypeError('x is undefined'))).toBeUndefined();
  expect(explainFailure('text')).toBeUndefined();
  expect(explainFailure(Object.assign(new Error('open'), { code: 'EACCES' }))).toBeUndefined();
});
