import { type AppError, isAppError, isReason, toAppError } from '@gantry/errors';
import type { Principal } from '@gantry/identity';

import { argumentsInvalid, toolBusy, toolTimedOut } from '../errors.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { Catalog } from './catalog.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Now, SchemaCompiler } from './ports.ts';
import { RunningCall } from './running-call.ts';
import {
  failWith,
  type SerializedResult,
  type Tool,
  type ToolCaller,
  type ToolDefinition,
  type ToolResult,
} from './tool.ts';

/** The most bytes of a result, as JSON: more does not fit into a model's window anyway. */
export const RESULT_BYTES_MAX = 1024 * 1024;
const MS_PER_SECOND = 1_000;
const NO_BYTES = new Uint8Array(0);

/** What calling a tool needs. */
export interface CallToolDeps {
  readonly catalog: Catalog;
  readonly schemas: SchemaCompiler;
  readonly bulkhead: Bulkhead;
  readonly now: Now;
  /** Is told of what the model is not told: bugs, and results that break the tool's own schema. */
  readonly onToolFault: (tool: string, error: unknown) => void;
}

/** A call of a tool. */
export interface CallToolInput {
  readonly principal: Principal;
  readonly name: string;
  readonly argumentsJson: Uint8Array;
  readonly call: ToolCaller;
}

/**
 * Calls a tool: finds it, checks its arguments, takes a slot, runs it within its time, checks its result. What the tool
 * itself does wrong is a result with isError, so that the model can act on it.
 *
 * @throws {AppError} TOOL_NOT_FOUND, TOOL_SCHEMA_INVALID, TOOL_ARGUMENTS_INVALID, TOOL_ARGUMENTS_TOO_LARGE, TOOL_BUSY,
 * TOOL_TIMED_OUT, CANCELLED or DEADLINE_EXCEEDED.
 */
export async function callTool(deps: CallToolDeps, input: CallToolInput): Promise<SerializedResult> {
  const tool = await deps.catalog.find(input.principal, input.name);
  const parameters = parseArguments(input.argumentsJson);
  const violations = deps.schemas.validate(tool.definition.inputSchema, parameters, 'arguments');
  if (violations.length > 0) throw argumentsInvalid(violations);
  // Nobody waits any more: do not begin.
  if (input.call.cancellation.aborted) throw toAppError(input.call.cancellation.reason);
  const leave = deps.bulkhead.enter(input.name);
  if (leave === undefined) throw toolBusy(input.name);
  return checkResult(deps, tool, await run(deps, tool, { parameters, call: input.call, leave }));
}

interface RunInput {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly call: ToolCaller;
  /** Gives the slot back. */
  readonly leave: () => void;
}

async function run(deps: CallToolDeps, tool: Tool, { parameters, call, leave }: RunInput): Promise<ToolResult> {
  const { definition } = tool;
  const ownDeadlineMs = deps.now() + definition.timeoutMs;
  const { promise: ended, resolve, reject } = Promise.withResolvers<ToolResult>();
  const running = new RunningCall(call, definition, { ownDeadlineMs, onStopped: reject });
  try {
    begin(tool, { parameters, running, leave }).then(resolve, reject);
    return await ended;
  } catch (thrown) {
    if (running.stopped !== undefined) throw toAppError(running.stopped.reason);
    // The hop below gives up a little earlier than we do; whose deadline it was is ours to tell.
    if (isDeadline(thrown)) {
      throw running.deadlineMs === ownDeadlineMs ? toolTimedOut(definition.name, definition.timeoutMs) : thrown;
    }
    return explain(deps, definition.name, thrown);
  } finally {
    running.end();
  }
}

interface BeginInput {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly running: RunningCall;
  readonly leave: () => void;
}

/**
 * Runs a tool and gives its slot back when it has returned: one that does not listen to its signal keeps it until then, as it
 * still takes of the process. Also what a tool throws before its first await is a rejection.
 */
async function begin(tool: Tool, { parameters, running, leave }: BeginInput): Promise<ToolResult> {
  try {
    return await tool.run(parameters, running);
  } finally {
    leave();
  }
}

function isDeadline(thrown: unknown): boolean {
  return (
    isReason(thrown, 'DEADLINE_EXCEEDED') ||
    isReason(thrown, 'DEADLINE_TOO_CLOSE') ||
    isReason(thrown, 'DEADLINE_TOO_SHORT')
  );
}

function explain(deps: CallToolDeps, name: string, thrown: unknown): ToolResult {
  if (isAppError(thrown) && thrown.code !== 'INTERNAL') return failWith(explainError(thrown));
  deps.onToolFault(name, thrown);
  return failWith(`${name} failed unexpectedly; try again, or tell its owner`);
}

function explainError({ message, retryAfterMs }: AppError): string {
  const wait = retryAfterMs === undefined ? '' : ` (wait ${Math.ceil(retryAfterMs / MS_PER_SECOND)} s)`;
  return `${message}${wait}`;
}

function checkResult(deps: CallToolDeps, { definition }: Tool, result: ToolResult): SerializedResult {
  const { name } = definition;
  try {
    const serialized = serialize(result);
    if (serialized.contentJson.length + serialized.structuredContentJson.length > RESULT_BYTES_MAX) {
      return serialize(failWith(`the result of ${name} is larger than ${RESULT_BYTES_MAX} bytes; ask for less`));
    }
    assertFits(deps, definition, result);
    return serialized;
  } catch (fault) {
    // A result that is not JSON, or that breaks the tool's own schema, or a schema that is none.
    deps.onToolFault(name, fault);
    return serialize(failWith(`${name} gave a result that breaks its own schema; tell its owner`));
  }
}

/** Writes a result as JSON, once: it is not parsed again before it is with the client. */
function serialize({ content, structuredContent, isError }: ToolResult): SerializedResult {
  return {
    contentJson: Buffer.from(JSON.stringify(content)),
    structuredContentJson: structuredContent === undefined ? NO_BYTES : Buffer.from(JSON.stringify(structuredContent)),
    isError,
  };
}

function assertFits({ schemas }: CallToolDeps, { outputSchema }: ToolDefinition, result: ToolResult): void {
  if (outputSchema === undefined || result.isError) return;
  const violations = schemas.validate(outputSchema, result.structuredContent, 'result');
  if (violations.length === 0) return;
  throw new Error(`the result breaks the output schema: ${JSON.stringify(violations)}`);
}
