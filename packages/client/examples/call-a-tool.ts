import { connect, JsonRpcError, SessionError } from '@gantry/client';

/** Where the gateway is, and the key to show it. */
export interface Gateway {
  readonly target: string;
  readonly apiKey: string;
}

/** Calls a tool a thousand times at once, and returns how often it succeeded and what went wrong otherwise. */
export async function callTool({ target, apiKey }: Gateway) {
  await using session = connect({ target, apiKey });
  const problems: string[] = [];
  const call = async (index: number): Promise<number> => {
    try {
      const params = { name: 'echo', arguments: { message: `hello ${index}` } };
      await session.request('tools/call', params, { timeoutMs: 5_000, idempotent: true });
      return 1;
    } catch (error) {
      problems.push(describe(error));
      return 0;
    }
  };
  // No need to count: what is more than the session may have in flight waits.
  const succeeded = await Promise.all(Array.from({ length: 1_000 }, (_, index) => call(index)));
  return { succeeded: succeeded.reduce((sum, one) => sum + one, 0), problems };
}

/** Follows a resource until the signal aborts, and again on each new stream: subscriptions end with theirs. */
export async function followResource({ target, apiKey }: Gateway, uri: string, options: FollowOptions): Promise<void> {
  await using session = connect({ target, apiKey });
  const subscribe = () => void session.request('resources/subscribe', { uri }).catch(options.onProblem);
  session.onStateChange((state) => state === 'ready' && subscribe());
  session.onNotification((method) => method === 'notifications/resources/updated' && options.onChange());
  await new Promise((resolve) => options.signal.addEventListener('abort', resolve, { once: true }));
}

/** What followResource tells of, and when it ends. */
export interface FollowOptions {
  readonly onChange: () => void;
  readonly onProblem: (error: unknown) => void;
  readonly signal: AbortSignal;
}

function describe(error: unknown): string {
  // The gateway's answer: the request was refused, or the tool failed.
  if (error instanceof JsonRpcError) return `${error.code}: ${error.message}`;
  // No answer: `mayHaveRun` says whether it is safe to try again.
  if (error instanceof SessionError) return `${error.reason}: ${error.message}`;
  throw error;
}
