import { CliError } from './cli-error.ts';
import type { Connection } from './connection.ts';
import { hintFor, reasonOf } from './hint.ts';

/** Longer than any request the gateway lets live. */
const TIMEOUT_MS = 120_000;
const MS_PER_SECOND = 1_000;

/** Calls a method of the gateway's native dialect and returns its result. */
export type CallMethod = (method: string, params: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** What a JSON-RPC answer says that went wrong. */
interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** An error that the gateway answered with. */
export class MethodError extends CliError {
  readonly code: number;
  readonly data: unknown;
  /** The HTTP status it came with. */
  readonly status: number;

  /** Without a `hint`, what is known to help with its reason is the hint. */
  constructor({ code, message, data }: ErrorObject, status: number, hint = hintFor({ status, data })) {
    super(message, hint === undefined ? {} : { hint });
    this.code = code;
    this.data = data;
    this.status = status;
  }

  /** The name of what went wrong, from docs/errors.md; '' when the gateway gave none. */
  get reason(): string {
    return reasonOf(this.data);
  }
}

/** No gateway answered. */
export class UnreachableError extends CliError {
  /** What to do next, for whoever has run all checks already. */
  readonly todo: string;

  constructor(message: string, { todo, cause }: { readonly todo: string; readonly cause?: unknown }) {
    super(message, { hint: `${todo}; \`npx gantry doctor\` finds out more`, cause });
    this.todo = todo;
  }
}

/** Creates a client of the gateway over HTTP. */
export function createJsonRpcClient({ url, apiKey }: Connection): CallMethod {
  let id = 0;
  return async (method, params) => {
    const response = await post({ url, apiKey, body: { jsonrpc: '2.0', id: (id += 1), method, params } });
    const answer = await parseAnswer(response, url);
    if (answer.error !== undefined) throw new MethodError(answer.error, response.status);
    return answer.result;
  };
}

interface Answer {
  readonly result?: unknown;
  readonly error?: ErrorObject;
}

async function post({ url, apiKey, body }: Connection & { readonly body: unknown }): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'TimeoutError') {
      const seconds = TIMEOUT_MS / MS_PER_SECOND;
      throw new UnreachableError(`no answer from ${url} within ${seconds} seconds`, {
        todo: 'look at the log of Gantry',
        cause,
      });
    }
    throw new UnreachableError(`no answer from ${url}`, {
      todo: 'is Gantry running? start it with `npm start`',
      cause,
    });
  }
}

async function parseAnswer(response: Response, url: string): Promise<Answer> {
  try {
    const answer: unknown = await response.json();
    if (isAnswer(answer)) return answer;
  } catch (cause) {
    throw notGantry(response, url, cause);
  }
  throw notGantry(response, url);
}

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false;
  if (!('error' in value)) return 'result' in value;
  const { error } = value;
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}

function notGantry(response: Response, url: string, cause?: unknown): UnreachableError {
  return new UnreachableError(`${url} answered ${response.status} and no JSON-RPC`, {
    todo: 'the endpoint of a Gantry ends in /mcp; does another program listen there?',
    cause,
  });
}
