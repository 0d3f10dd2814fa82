import { type AppError, isAppError, isReason, toAppError } from '@gantry/errors';
import type { Principal } from '@gantry/identity';

import { argumentsInvalid, toolBusy, toolTimedOut } from '../errors.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { Catalog } from './catalog.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Now, SchemaCompiler } from './ports.ts';
import { failWith, type Tool, type ToolCall, type ToolDefinition, type ToolResult } from './tool.ts';

/** The most bytes of a result, as JSON: more does not fit into a model's window anyway. */
export const RESULT_BYTES_MAX = 1024 * 1024;
const MS_PER_SECOND = 1_000;

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
  readonly call: ToolCall;
}

/**
 * Calls a tool: finds it, checks its arguments, takes a slot, runs it within its time, checks its result. What the tool
 * itself does wrong is a result with isError, so that the model can act on it.
 *
 * @throws {AppError} TOOL_NOT_FOUND, TOOL_SCHEMA_INVALID, TOOL_ARGUMENTS_INVALID, TOOL_ARGUMENTS_TOO_LARGE, TOOL_BUSY,
 * TOOL_TIMED_OUT, CANCELLED or DEADLINE_EXCEEDED.
 */
export async function callTool(deps: CallToolDeps, input: CallToolInput): Promise<ToolResult> {
  const tool = await deps.catalog.find(input.principal, input.name);
  const parameters = parseArguments(input.argumentsJson);
  const violations = deps.schemas.validate(tool.definition.inputSchema, parameters, 'arguments');
  if (violations.length > 0) throw argumentsInvalid(violations);
  // Nobody waits any more: do not begin.
  if (input.call.signal.aborted) throw toAppError(input.call.signal.reason);
  const leave = deps.bulkhead.enter(input.name);
  if (leave === undefined) throw toolBusy(input.name);
  return checkResult(deps, tool, await run(deps, tool, { parameters, call: input.call, leave }));
}

interface RunInput {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly call: ToolCall;
  /** Gives the slot back. */
  readonly leave: () => void;
}

async function run(deps: CallToolDeps, tool: Tool, { parameters, call, leave }: RunInput): Promise<ToolResult> {
  const { name, timeoutMs } = tool.definition;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(toolTimedOut(name, timeoutMs)), timeoutMs);
  const signal = AbortSignal.any([call.signal, timeout.signal]);
  const ownDeadlineMs = deps.now() + timeoutMs;
  const deadlineMs = Math.min(call.deadlineMs, ownDeadlineMs);
  // A tool that does not listen to its signal keeps its slot until it is done: it still takes of the process.
  const work = begin(tool, parameters, { ...call, deadlineMs, signal }).finally(leave);
  try {
    return await untilAborted(work, signal);
  } catch (thrown) {
    if (signal.aborted) throw toAppError(signal.reason);
    // The hop below gives up a little earlier than we do; whose deadline it was is ours to tell.
    if (isDeadline(thrown)) throw deadlineMs === ownDeadlineMs ? toolTimedOut(name, timeoutMs) : thrown;
    return explain(deps, name, thrown);
  } finally {
    clearTimeout(timer);
  }
}

/** Also what a tool throws before its first await is a rejection, or its slot would be lost. */
async function begin(tool: Tool, ...[parameters, call]: Parameters<Tool['run']>): Promise<ToolResult> {
  return tool.run(parameters, call);
}

/** Ends with the signal even when the tool does not listen to it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
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

function checkResult(deps: CallToolDeps, { definition }: Tool, result: ToolResult): ToolResult {
  const { name } = definition;
  try {
    if (Buffer.byteLength(JSON.stringify(result)) > RESULT_BYTES_MAX) {
      return failWith(`the result of ${name} is larger than ${RESULT_BYTES_MAX} bytes; ask for less`);
    }
    assertFits(deps, definition, result);
    return result;
  } catch (fault) {
    // A result that is not JSON, or that breaks the tool's own schema, or a schema that is none.
    deps.onToolFault(name, fault);
    return failWith(`${name} gave a result that breaks its own schema; tell its owner`);
  }
}

function assertFits({ schemas }: CallToolDeps, { outputSchema }: ToolDefinition, result: ToolResult): void {
  if (outputSchema === undefined || result.isError) return;
  const violations = schemas.validate(outputSchema, result.structuredContent, 'result');
  if (violations.length === 0) return;
  throw new Error(`the result breaks the output schema: ${JSON.stringify(violations)}`);
}
