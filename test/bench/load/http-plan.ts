/** The requests of one HTTP target: they differ in their ids, and take the header sets in turn. */
export interface HttpPlan {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** More than one where each client has a session of its own. */
  readonly headerSets: readonly Readonly<Record<string, string>>[];
  /** The JSON-RPC message without its id. */
  readonly message: { readonly method: string; readonly params: object };
  /** Throws when an answer is not the right one. */
  readonly assertAnswer: (body: string, id: number) => void;
}

/** Ids have seven digits, so that every request, and every answer, of a target is as long as all others. */
export const FIRST_ID = 1_000_000;
export const LAST_ID = 9_999_999;

/** One request in two halves, between which its id stands. */
export interface RequestTemplate {
  readonly head: string;
  readonly tail: string;
}

/** Writes the requests of a plan as the bytes of HTTP/1.1, one template per header set. */
export function toTemplates({ host, port, path, headerSets, message }: HttpPlan): RequestTemplate[] {
  const tail = `,"method":${JSON.stringify(message.method)},"params":${JSON.stringify(message.params)}}`;
  const start = '{"jsonrpc":"2.0","id":';
  const length = Buffer.byteLength(start + FIRST_ID + tail);
  return headerSets.map((headers) => {
    const all = { host: `${host}:${port}`, 'content-type': 'application/json', ...headers, 'content-length': length };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return { head: `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${start}`, tail };
  });
}
