import { DataFolderError } from '@gantry/data-folder';
import { CommanderError } from 'commander';
import { expect, test } from 'vitest';

import { CliError, UsageError } from './cli-error.ts';
import { describeFailure } from './failure.ts';
import { MethodError } from './json-rpc-client.ts';

test('an expected failure is a sentence and what to do, and exit code 1', () => {
  expect(describeFailure(new CliError('it is gone', { hint: 'look elsewhere' }))).toMatchObject({
    exitCode: 1,
    text: 'gantry: it is gone\n  look elsewhere',
    report: { message: 'it is gone', hint: 'look elsewhere' },
  });
});

test('advice of several lines is indented', () => {
  expect(describeFailure(new CliError('it failed', { hint: 'a\nb' })).text).toBe('gantry: it failed\n  a\n  b');
});

test('what the gateway answered is there for machines', () => {
  const error = new MethodError({ code: 7, message: 'no', data: { reason: 'BECAUSE' } }, 200);
  expect(describeFailure(error).report).toEqual({ message: 'no', code: 7, data: { reason: 'BECAUSE' } });
});

test('a wrongly written command is exit code 2, whoever noticed', () => {
  expect(describeFailure(new UsageError('not like this')).exitCode).toBe(2);
  const unknown = new CommanderError(1, 'commander.unknownCommand', "error: unknown command 'x'\n(Did you mean y?)");
  expect(describeFailure(unknown)).toMatchObject({
    exitCode: 2,
    report: { message: "unknown command 'x' (Did you mean y?)", hint: expect.stringContaining('--help') },
  });
});

test('an unexpected failure tells how to see more, and has no stack in its text', () => {
  const { text, exitCode, trace } = describeFailure(new TypeError('x is undefined', { cause: new Error('the root') }));
  expect(exitCode).toBe(1);
  expect(text).toBe('gantry: x is undefined\n  run it again with --debug to see where it happened');
  expect(trace).toMatch(/TypeError: x is undefined\n\s+at .*the root\n\s+at /s);
});

test('a damaged data folder says itself what to do', () => {
  expect(describeFailure(new DataFolderError('move it away')).text).toBe('gantry: move it away');
});

test('what is no Error is described too', () => {
  expect(describeFailure('just text').report.message).toBe('just text');
  expect(describeFailure(undefined).exitCode).toBe(1);
});

test('a stranger in the message cannot rewrite the terminal', () => {
  expect(describeFailure(new CliError('a\u001B[2Jb', { hint: 'c\u001B[2Jd' })).text).toBe('gantry: a[2Jb\n  c[2Jd');
});
