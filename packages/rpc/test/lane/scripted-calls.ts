import { AppError } from '@gantry/errors';
import { type CallToolResponse, type GetToolResponse, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';

import type { CallContext } from '../../src/index.ts';
import { answeringHandlers, type ToolHandlers } from '../rpc-world.ts';

type Step = { readonly kind: 'say' } | { readonly kind: 'end' } | { readonly kind: 'fail' };

/** What one call does at the server, step by step, when the test says so. */
export class CallScript {
  readonly name: string;
  /** How many replies the handler has given. */
  said = 0;
  isReturned = false;
  readonly #context: CallContext;
  readonly #steps: Step[] = [];
  #wake: (() => void) | undefined;

  constructor(name: string, context: CallContext) {
    this.name = name;
    this.#context = context;
  }

  /** Whether the handler was told that nobody waits for it, or needs to be told no more. */
  get isOver(): boolean {
    return this.isReturned || this.#context.signal.aborted;
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
    getTool: ({ name }, context) => this.#getTool(this.#begin(name, context)),
    callTool: ({ name }, context) => this.#callTool(this.#begin(name, context)),
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

  #begin(name: string, context: CallContext): CallScript {
    const script = new CallScript(name, context);
    this.scripts.push(script);
    return script;
  }

  async #getTool(script: CallScript): Promise<GetToolResponse> {
    const { kind } = await script.next();
    script.isReturned = true;
    if (kind === 'fail') throw failure(script.name);
    script.said += 1;
    return { tool: Tool.create({ name: script.name }) };
  }

  async *#callTool(script: CallScript): AsyncGenerator<CallToolResponse> {
    const { name } = script;
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
