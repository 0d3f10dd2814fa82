import type { Definition } from './method.ts';

/** A message that is left as the bytes it has on the wire. */
interface EncodedMessage {
  encode(message: Uint8Array): { finish(): Uint8Array };
  decode(input: Uint8Array): Uint8Array;
}

const encodedMessage: EncodedMessage = {
  encode: (message) => ({ finish: () => message }),
  decode: (input) => input,
};

/** A definition whose method `K` takes the bytes of its request. */
export type WithEncodedRequests<D extends Definition, K extends keyof D['methods']> = Omit<D, 'methods'> & {
  readonly methods: Omit<D['methods'], K> & {
    readonly [_ in K]: Omit<D['methods'][K], 'requestType'> & { readonly requestType: EncodedMessage };
  };
};

/**
 * Returns the definition with the requests of one method as bytes: for a caller or a handler that encodes or decodes them for
 * itself, because the generated code costs too much there. What travels is the same, so the other side need not know.
 *
 * @example
 * const audit = createRpcClient(withEncodedRequests(AuditServiceDefinition, 'appendAuditEvents'), options);
 * await audit.appendAuditEvents(bytes);
 */
export function withEncodedRequests<D extends Definition, K extends keyof D['methods'] & string>(
  definition: D,
  key: K,
): WithEncodedRequests<D, K> {
  const method = { ...definition.methods[key], requestType: encodedMessage };
  // One property is replaced, as the type says, which the spread of a generic cannot express.
  return { ...definition, methods: { ...definition.methods, [key]: method } } as unknown as WithEncodedRequests<D, K>;
}
