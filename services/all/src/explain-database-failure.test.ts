import { AppError, toAppError } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { explainDatabaseFailure } from './explain-database-failure.ts';

const url = 'postgres://ann:hidden@db.example:6543/my%20data';

function pgError(code: string, message = 'said by pg'): Error {
  return Object.assign(new Error(message), { code });
}

function unavailable(cause: Error): AppError {
  return new AppError({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', message: 'cannot be reached', cause });
}

test.each([
  [unavailable(pgError('ECONNREFUSED')), 'nothing listens on db.example:6543; start Postgres, or mend DATABASE_URL'],
  [unavailable(pgError('ENOTFOUND')), 'there is no host db.example; mend DATABASE_URL'],
  [unavailable(pgError('EAI_AGAIN')), 'the name db.example cannot be looked up; mend DATABASE_URL'],
  [unavailable(pgError('ETIMEDOUT')), 'nobody answers; mend DATABASE_URL'],
  [unavailable(new Error('timeout exceeded when trying to connect')), 'start Postgres, or mend DATABASE_URL'],
  [unavailable(pgError('53300')), 'raise max_connections'],
  [unavailable(pgError('57P03')), 'try again in a moment'],
  [pgError('3D000'), 'does not exist; make it (createdb my data), or mend DATABASE_URL'],
  [pgError('28P01'), 'refused the password of ann; check the user and password in DATABASE_URL'],
  [pgError('28000'), 'does not let ann in; check the user in DATABASE_URL'],
  [pgError('42501'), 'GRANT CREATE ON DATABASE my data TO ann'],
  [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'wants a password from ann'],
  [new Error('The server does not support SSL connections'), 'take sslmode out of DATABASE_URL'],
])('%s is a sentence that names the place and what to do', (error, text) => {
  const sentence = explainDatabaseFailure(error, url) ?? '';
  expect(sentence).toMatch(/^the database db\.example:6543\/my data /);
  expect(sentence).toContain(text);
  expect(sentence).toContain('npx gantry doctor');
  expect(sentence).not.toContain('hidden');
  expect(sentence).not.toContain('\n');
});

describe('what the URL leaves out', () => {
  test('the port and the database have the defaults of Postgres', () => {
    expect(explainDatabaseFailure(pgError('3D000'), 'postgres://ann@db.example')).toContain('db.example:5432/ann ');
    expect(explainDatabaseFailure(pgError('28P01'), 'postgres://db.example/x')).toContain('db.example:5432/x ');
  });

  test('a host among the parameters is found', () => {
    expect(explainDatabaseFailure(pgError('3D000'), 'postgres:///x?host=/run/pg')).toContain('/run/pg:5432/x');
  });
});

test('what did not come from the database is not explained', () => {
  expect(explainDatabaseFailure(pgError('ECONNREFUSED'), url)).toBeUndefined();
  expect(explainDatabaseFailure(toAppError(new Error('bug')), url)).toBeUndefined();
  expect(explainDatabaseFailure('text', url)).toBeUndefined();
});

test('a chain of causes that never ends is followed for a while', () => {
  const error = new Error('round');
  error.cause = error;
  expect(explainDatabaseFailure(error, url)).toBeUndefined();
});
