/** What a driver process is told, as JSON in its first argument. */
export interface DriveJob {
  /** `host:port` */
  readonly target: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly seconds: number;
  /** Connections; sessions when sessions are driven. */
  readonly channels: number;
  /** Calls or messages in flight, over all of them. */
  readonly inFlight: number;
}

/** What is driven: unary calls of one encoded message, or messages on sessions. */
export type Driven =
  | { readonly kind: 'unary'; readonly path: string; readonly messageBase64: string; readonly answerBytes: number }
  | { readonly kind: 'session' };
