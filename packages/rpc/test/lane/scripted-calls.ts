import { AppError } from '@gantry/errors';
import {
  type CallToolRequest,
  type CallToolResponse,
  type GetToolRequest,
  type GetToolResponse,
  Tool,
} from '@gantry/protocol/gantry/tool/v1/tool_service';

import { answeringHandlers, type ToolHandlers } from '../rpc-world.ts';

type Step = { readonly kind: 'say' } | { readonly kind: 'end' } | { readonly kind: 'fail' };

/** What one call does at the server, step by step, when the test says so. */
export class CallScript {
  readonly name: string;
  /** How many replies the handler has given. */
  said = 0;
  isReturned = false;
  readonly #steps: Step[] = [];
  #wake: (() => void) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  step(kind: Step['kind']): void {
    this.#steps.push({ kind });
    this.#wake?.();
  }

  async next(): Promise<Step> {
    while (this.#steps.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#steps.shift() ?? { kind: 'end' };
  }
}

/** The calls that have begun at the server, by name: a name is a call, so one that begins twice is seen. */
export class ScriptedCalls {
  readonly scripts: CallScript[] = [];

  /** Echoes the name of each call, so that a reply that goes astray is seen. */
  readonly handlers: ToolHandlers = {
    ...answeringHandlers,
    getTool: (request) => this.#getTool(request),
    callTool: (request) => this.#callTool(request),
  };

  /** Lets one of the running calls do something; which one is said by any number. */
  step(index: number, kind: Step['kind']): void {
    const running = this.scripts.filter(({ isReturned }) => !isReturned);
    running[index % Math.max(1, running.length)]?.step(kind);
  }

  /** Lets all calls return, also those that begin later. */
  finish(): void {
    for (const script of this.scripts) script.step('end');
  }

  #begin(name: string): CallScript {
    const script = new CallScript(name);
    this.scripts.push(script);
    return script;
  }

  async #getTool({ name }: GetToolRequest): Promise<GetToolResponse> {
    const script = this.#begin(name);
    const { kind } = await script.next();
    script.isReturned = true;
    if (kind === 'fail') throw failure(name);
    script.said += 1;
    return { tool: Tool.create({ name }) };
  }

  async *#callTool({ name }: CallToolRequest): AsyncGenerator<CallToolResponse> {
    const script = this.#begin(name);
    try {
      for (let step = await script.next(); step.kind !== 'end'; step = await script.next()) {
        if (step.kind === 'fail') throw failure(name);
        script.said += 1;
        yield { event: { $case: 'progress', value: { progress: script.said, total: 0, message: name } } };
      }
    } finally {
      script.isReturned = true;
    }
  }
}

function failure(name: string): AppError {
  return new AppError({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', message: name });
}
