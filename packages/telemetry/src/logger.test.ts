import { AppError } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { createLogger, type CreateLoggerOptions } from './logger.ts';

function setUp(level: CreateLoggerOptions['level'] = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ service: 'tool', level, destination: { write: (line) => void lines.push(line) } });
  return { logger, text: () => lines.join(''), records: () => lines.map((line): unknown => JSON.parse(line)) };
}

test('a line has the level as a word, an ISO time, the service, the fields and the message', () => {
  const { logger, records } = setUp();
  logger.info({ rpc: 'CallTool', durationMs: 12 }, 'call finished');
  expect(records()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: 'tool',
      rpc: 'CallTool',
      durationMs: 12,
      msg: 'call finished',
    },
  ]);
});

test('lines below the level are not written', () => {
  const { logger, records } = setUp('warn');
  logger.info('quiet');
  logger.warn('loud');
  expect(records()).toMatchObject([{ msg: 'loud' }]);
});

test.each(['err', 'error'])('an AppError under %s keeps its code, reason and cause', (field) => {
  const { logger, records } = setUp();
  const cause = new Error('connect ECONNREFUSED');
  logger.error(
    { [field]: new AppError({ code: 'UNAVAILABLE', reason: 'TOOL_DOWN', message: 'try again later', cause }) },
    'call failed',
  );
  const stack = expect.stringContaining('caused by: Error: connect ECONNREFUSED');
  expect(records()).toMatchObject([{ [field]: { code: 'UNAVAILABLE', reason: 'TOOL_DOWN', stack } }]);
});

class Client {
  readonly secretKey = 'canary';
}

test.each(['err', 'error'])('an error under %s is logged without the client and the credentials on it', (field) => {
  const { logger, text, records } = setUp();
  const lost = Object.assign(new Error('terminating connection'), {
    code: '57P01',
    client: new Client(),
    detail: { token: 'canary', table: 'tools' },
  });
  const many = Object.assign(new AggregateError([lost], 'several'), { inner: lost, list: [new Client(), 1] });
  logger.error({ [field]: lost }, 'connection lost');
  logger.error({ [field]: many }, 'connections lost');
  logger.error({ [field]: new Error('outer', { cause: lost }) }, 'connection lost');
  const facts = { message: 'terminating connection', code: '57P01', detail: { token: '[redacted]', table: 'tools' } };
  expect(records()).toMatchObject([
    { [field]: facts },
    { [field]: { message: 'several', aggregateErrors: [facts], inner: facts, list: [null, 1] } },
    { [field]: { message: 'outer: terminating connection' } },
  ]);
  expect(text()).not.toContain('canary');
  expect(text()).not.toContain('client');
});

test('what is under err and is no error is logged as it is', () => {
  const { logger, records } = setUp();
  logger.error({ err: { message: 'lost', code: '57P01' } }, 'connection lost');
  expect(records()).toMatchObject([{ err: { message: 'lost', code: '57P01' } }]);
});

describe('redaction', () => {
  const secrets = {
    authorization: 'canary',
    apiKey: 'canary',
    assertion: 'canary',
    secret: 'canary',
    password: 'canary',
    token: 'canary',
    accessToken: 'canary',
    refreshToken: 'canary',
    clientSecret: 'canary',
    privateKey: 'canary',
    cookie: 'canary',
    'x-api-key': 'canary',
    'set-cookie': 'canary',
    Authorization: 'canary',
    Cookie: 'canary',
  };

  test.each([
    ['at the top', secrets],
    ['one level down', { headers: secrets }],
    ['two levels down', { request: { headers: secrets } }],
    ['in an array', { requests: [1, { headers: secrets }] }],
    ['at the deepest level', { a: { b: { c: { d: secrets } } } }],
  ])('hides every secret field %s', (_place, fields) => {
    const { logger, text } = setUp();
    logger.info(fields, 'request received');
    expect(text()).not.toContain('canary');
    expect(text().split('[redacted]')).toHaveLength(Object.keys(secrets).length + 1);
  });

  test.each([
    ['at the top', secrets],
    ['one level down', { headers: secrets }],
  ])('hides the secrets in the bindings of a child %s', (_place, fields) => {
    const { logger, text } = setUp();
    logger.child({}).child(fields).info('request received');
    expect(text()).toContain('[redacted]');
    expect(text()).not.toContain('canary');
  });

  test('survives a cycle', () => {
    const { logger, text } = setUp();
    const cycle: Record<string, unknown> = { password: 'canary' };
    cycle['self'] = cycle;
    logger.info({ cycle }, 'cycle logged');
    expect(text()).toContain('"msg":"cycle logged"');
  });

  test('leaves the object that was logged alone', () => {
    const { logger } = setUp();
    const headers = { authorization: 'canary', accept: '*/*' };
    logger.info({ headers }, 'request received');
    expect(headers).toEqual({ authorization: 'canary', accept: '*/*' });
  });

  test('leaves other fields as they are', () => {
    const { logger, records } = setUp();
    logger.info({ tokens: 12, secretName: 'db', headers: { accept: '*/*' } }, 'request received');
    expect(records()).toMatchObject([{ tokens: 12, secretName: 'db', headers: { accept: '*/*' } }]);
  });
});
