import { inspect } from 'node:util';

import { DataFolderError } from '@gantry/data-folder';
import { CommanderError } from 'commander';

import { CliError, UsageError } from './cli-error.ts';
import { MethodError } from './json-rpc-client.ts';
import { printable } from './output.ts';

/** What is said about a command that failed. */
export interface Failure {
  readonly exitCode: 1 | 2;
  /** For people: a sentence, and a line that says what to do. */
  readonly text: string;
  /** For machines. */
  readonly report: {
    readonly message: string;
    readonly hint?: string;
    /** What the gateway answered. */
    readonly code?: number;
    readonly data?: unknown;
  };
  /** For whoever mends it: the stack, and those of its causes. */
  readonly trace: string;
}

/** Describes anything that was thrown. */
export function describeFailure(error: unknown): Failure {
  const message = messageOf(error);
  const hint = hintOf(error);
  return {
    exitCode: error instanceof CommanderError || error instanceof UsageError ? 2 : 1,
    text: `gantry: ${printable(message)}${hint === undefined ? '' : `\n${indented(printable(hint))}`}`,
    report: {
      message,
      ...(hint !== undefined && { hint }),
      ...(error instanceof MethodError && { code: error.code, data: error.data }),
    },
    trace: inspect(error),
  };
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof CommanderError)) return error.message;
  // `gantry keys`: Commander has shown which commands there are.
  if (error.code === 'commander.help') return 'a command is missing';
  return error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof CliError) return error.hint;
  if (error instanceof CommanderError) return 'see `gantry --help`, and `gantry <command> --help`';
  // Its message says what to do.
  if (error instanceof DataFolderError) return undefined;
  return 'run it again with --debug to see where it happened';
}
