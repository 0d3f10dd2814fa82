/**
 * What a session is at: `connecting` until one of its streams is open and whenever none is, `ready` while one is, `closed` for
 * ever after close() or when the gateway does not take the key.
 */
export type SessionState = 'connecting' | 'ready' | 'closed';

/** Options of one request. */
export interface RequestOptions {
  /**
   * Gives the request up: it rejects at once with the signal's reason, and the gateway is told, unless it was not sent yet.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait for the answer, in milliseconds, queueing included; then it is given up with REQUEST_TIMED_OUT. Default: as
   * long as it takes, for ever while there is no gateway. A gateway answers within 30 seconds unless it was told otherwise.
   */
  readonly timeoutMs?: number | undefined;
  /** Whether it may run twice: then it is sent again, once, when the connection was lost before its answer. Default false. */
  readonly idempotent?: boolean | undefined;
}

/** Hears of a notification. `params` is what was sent, undefined when nothing was. */
export type NotificationListener = (method: string, params: unknown) => void;

/** Answers a request of the gateway with a result, any JSON value, or throws. */
export type RequestHandler = (method: string, params: unknown) => unknown;

/**
 * Hears of a change, and of each try to open the session that fails: `connecting` once more. `cause` says why the session is
 * not open, or not any more.
 */
export type StateListener = (state: SessionState, cause: unknown) => void;

/** Many requests at once to one gateway, over one or several streams. Made by connect(). */
export interface Session extends AsyncDisposable {
  readonly state: SessionState;

  /**
   * Sends a request and returns its result. Requests of one turn of the event loop are sent together. Waits in a queue while
   * the session is connecting or has as much in flight as it may.
   *
   * @throws {JsonRpcError} the error that the gateway answers with.
   * @throws {SessionError} CONNECTION_LOST, SESSION_QUEUE_FULL, SESSION_CLOSED, REQUEST_TIMED_OUT, MESSAGE_TOO_LARGE, or why the
   * gateway ended the session.
   */
  request(method: string, params?: object, options?: RequestOptions): Promise<unknown>;

  /**
   * As request(), for those who have their parameters as JSON text, or do not need the result as an object. Neither is parsed:
   * `paramsText` must be a JSON object, and what is returned is the result as the gateway wrote it.
   */
  requestText(method: string, paramsText: string, options?: RequestOptions): Promise<string>;

  /** Sends a notification on the first stream that is open, or drops it: nobody is told of its fate. */
  notify(method: string, params?: object): void;

  /** Adds a listener for notifications of the gateway; returns what removes it. */
  onNotification(listener: NotificationListener): () => void;

  /** Sets who answers requests of the gateway; `ping` is answered without. Without one they are refused. */
  onRequest(handler: RequestHandler | undefined): void;

  /** Adds a listener for changes of the state and tries that fail; returns what removes it. */
  onStateChange(listener: StateListener): () => void;

  /** Takes no more requests, rejects those that wait, and ends once those in flight are answered, or after five seconds. */
  close(): Promise<void>;
}
