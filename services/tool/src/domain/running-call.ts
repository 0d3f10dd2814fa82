import { toolTimedOut } from '../errors.ts';
import type { Cancellation, ToolCall, ToolCaller, ToolDefinition } from './tool.ts';

/** Where a run ends when the tool does not end it. */
type OnStopped = (reason: unknown) => void;

/**
 * A call while its tool runs: what the tool sees of it. It ends with the call it came from, or when the tool has taken longer
 * than it may. Most tools never look at their signal, so it is made when one does.
 */
export class RunningCall implements ToolCall {
  readonly assertion: string | undefined;
  readonly deadlineMs: number;
  readonly trace: ToolCall['trace'];
  readonly requestId: string;
  readonly #outer: Cancellation;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onStopped: OnStopped;
  #controller: AbortController | undefined;
  #stopped: { readonly reason: unknown } | undefined;

  /** @param ownDeadlineMs When the tool has taken as long as it may, in epoch milliseconds. */
  constructor(
    call: ToolCaller,
    { name, timeoutMs }: ToolDefinition,
    { ownDeadlineMs, onStopped }: { readonly ownDeadlineMs: number; readonly onStopped: OnStopped },
  ) {
    this.assertion = call.assertion;
    this.deadlineMs = Math.min(call.deadlineMs, ownDeadlineMs);
    this.trace = call.trace;
    this.requestId = call.requestId;
    this.#outer = call.cancellation;
    this.#onStopped = onStopped;
    // A caller who gives it less time ends it.
    if (ownDeadlineMs < call.deadlineMs)
      this.#timer = setTimeout(() => this.#stop(toolTimedOut(name, timeoutMs)), timeoutMs);
    this.#outer.addEventListener('abort', this.#abandon, { once: true });
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#stopped !== undefined) this.#controller.abort(this.#stopped.reason);
    return this.#controller.signal;
  }

  /** Why the run was stopped; undefined while it goes on. */
  get stopped(): { readonly reason: unknown } | undefined {
    return this.#stopped;
  }

  /** The run has ended: nothing stops it any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#abandon);
  }

  readonly #abandon = (): void => this.#stop(this.#outer.reason);

  #stop(reason: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = { reason };
    this.#controller?.abort(reason);
    this.#onStopped(reason);
  }
}
