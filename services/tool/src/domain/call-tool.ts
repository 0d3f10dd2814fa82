import { type AppError, isAppError, isReason, toAppError } from '@gantry/errors';
import type { Principal } from '@gantry/identity';

import { argumentsInvalid, toolBusy, toolTimedOut } from '../errors.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { Catalog } from './catalog.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Now, SchemaCompiler } from './ports.ts';
import { failWith, type Tool, type ToolCall, type ToolResult } from './tool.ts';

/** The most bytes of a result, as JSON: more does not fit into a model's window anyway. */
export const RESULT_BYTES_MAX = 1024 * 1024;

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
 * @throws {AppError} TOOL_NOT_FOUND, TOOL_ARGUMENTS_INVALID, TOOL_ARGUMENTS_TOO_LARGE, TOOL_BUSY, TOOL_TIMED_OUT, CANCELLED
 * or DEADLINE_EXCEEDED.
 */
export async function callTool(deps: CallToolDeps, input: CallToolInput): Promise<ToolResult> {
  const tool = await deps.catalog.find(input.principal, input.name);
  const parameters = parseArguments(input.argumentsJson);
  const violations = deps.schemas.validate(tool.definition.inputSchema, parameters);
  if (violations.length > 0) throw argumentsInvalid(violations);
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
  const deadlineMs = Math.min(call.deadlineMs, deps.now() + timeoutMs);
  // A tool that does not listen to its signal keeps its slot until it is done: it still takes of the process.
  const work = tool.run(parameters, { ...call, deadlineMs, signal }).finally(leave);
  try {
    return await untilAborted(work, signal);
  } catch (thrown) {
    if (signal.aborted) throw toAppError(signal.reason);
    // The hop below gives up a little earlier than we do.
    if (isOwnDeadline(thrown)) throw toolTimedOut(name, timeoutMs);
    return explain(deps, name, thrown);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends with the signal even when the tool does not listen to it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}

function isOwnDeadline(thrown: unknown): boolean {
  return isReason(thrown, 'DEADLINE_EXCEEDED') || isReason(thrown, 'DEADLINE_TOO_CLOSE');
}

function explain({ onToolFault }: CallToolDeps, name: string, thrown: unknown): ToolResult {
  if (isAppError(thrown) && thrown.code !== 'INTERNAL') return failWith(explainError(thrown));
  onToolFault(name, thrown);
  return failWith(`${name} failed unexpectedly; try again, or tell its owner`);
}

function explainError({ message, retryAfterMs }: AppError): string {
  const wait = retryAfterMs === undefined ? '' : `; wait ${Math.ceil(retryAfterMs / 1_000)} s before trying again`;
  return `${message}${wait}`;
}

function checkResult({ schemas, onToolFault }: CallToolDeps, { definition }: Tool, result: ToolResult): ToolResult {
  const { name, outputSchema } = definition;
  if (Buffer.byteLength(JSON.stringify(result)) > RESULT_BYTES_MAX) {
    return failWith(`the result of ${name} is larger than ${RESULT_BYTES_MAX} bytes; ask for less`);
  }
  if (outputSchema === undefined || result.isError) return result;
  const violations = schemas.validate(outputSchema, result.structuredContent);
  if (violations.length === 0) return result;
  onToolFault(name, new Error(`the result breaks the output schema: ${JSON.stringify(violations)}`));
  return failWith(`${name} gave a result that breaks its own schema; tell its owner`);
}
