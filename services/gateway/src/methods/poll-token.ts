import { paramsInvalid } from '../errors.ts';

/** A resource, and the version of it that a client has seen. */
export interface PolledResource {
  readonly uri: string;
  readonly version: string;
}

/**
 * Writes what a client has seen into a token it brings back, so that no replica has to remember it. The token gives no
 * rights: the resource is looked at anew with those of whoever brings it.
 */
export function encodePollToken({ uri, version }: PolledResource): string {
  return `poll.${Buffer.from(JSON.stringify([uri, version])).toString('base64url')}`;
}

/** @throws {AppError} PARAMS_INVALID when the text is not such a token. */
export function decodePollToken(token: string): PolledResource {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token.replace(/^poll\./, ''), 'base64url').toString());
    if (Array.isArray(parts)) {
      const [uri, version]: readonly unknown[] = parts;
      if (typeof uri === 'string' && typeof version === 'string') return { uri, version };
    }
  } catch {
    // Not JSON: the same as JSON of another shape.
  }
  throw paramsInvalid('params.subscriptionId', 'must be the subscriptionId of an answer with delivery "poll"');
}
