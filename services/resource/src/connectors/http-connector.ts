import type { Clock } from '@gantry/telemetry';

import type { Connector, ProbeResult, ReadLimits } from '../domain/ports.ts';
import { resourceUriInvalid, upstreamUnavailable } from '../errors.ts';
import { discard } from '../outbound/discard.ts';
import type { OutboundClient, OutboundResponse } from '../outbound/outbound-client.ts';
import { ACCEPTED_ENCODINGS, readBody } from '../outbound/read-body.ts';
import { createHostBreakers } from './host-breakers.ts';
import { parseRetryAfter } from './retry-after.ts';
import { isUnknownHost, toReadFailure } from './upstream-failure.ts';
import { conditionalHeaders, validatorsOf } from './validators.ts';

/** What the http connector needs. */
export interface HttpConnectorOptions {
  readonly client: OutboundClient;
  /** All of an exchange, redirects included, in milliseconds. */
  readonly totalTimeoutMs: number;
  /** How often a watched resource is looked at, in milliseconds. */
  readonly pollMs: number;
  readonly clock: Clock;
}

/** Longer than any media type in use; what comes from a stranger is cut. */
const MEDIA_TYPE_CHARACTERS_MAX = 256;
/** These say that a later request may go well; every other 4xx says there is nothing to be read here. */
const PASSING_CLIENT_ERRORS: ReadonlySet<number> = new Set([408, 425, 429]);
const NOT_MODIFIED = 304;

/** Creates the connector for `https:` and `http:`: any public address, and nothing else. */
export function createHttpConnector({
  client,
  totalTimeoutMs,
  pollMs,
  clock,
}: HttpConnectorOptions): Connector & Disposable {
  const breakers = createHostBreakers({ clock });

  async function exchange({ uri, bytesMax, stamp }: ExchangeInput, signal: AbortSignal): Promise<ProbeResult> {
    const response = await client.get(new URL(uri), { ...STANDARD_HEADERS, ...conditionalHeaders(stamp) }, signal);
    const outcome = judge(response, { isConditional: stamp !== undefined, nowMs: clock.now() });
    if (outcome !== 'content') {
      discard(response);
      return { kind: outcome };
    }
    const bytes = await readBody(response, { bytesMax }, signal);
    const content = { mimeType: mediaTypeOf(response), bytes, canonicalUri: uri };
    return { kind: 'content', content, stamp: validatorsOf(response) };
  }

  async function probe(
    uri: string,
    input: Omit<ExchangeInput, 'uri'>,
    callerSignal: AbortSignal,
  ): Promise<ProbeResult> {
    callerSignal.throwIfAborted();
    const timeoutSignal = AbortSignal.timeout(totalTimeoutMs);
    const signal = AbortSignal.any([callerSignal, timeoutSignal]);
    try {
      return await breakers.of(new URL(uri).host).run(async () => {
        try {
          return await exchange({ uri, ...input }, signal);
        } catch (error) {
          if (isUnknownHost(error)) return { kind: 'missing' };
          throw toReadFailure(error, { callerSignal, timeoutSignal });
        }
      });
    } catch (error) {
      throw toReadFailure(error, { callerSignal, timeoutSignal });
    }
  }

  return {
    name: 'http',
    description: 'Pages and files at public addresses of the web.',
    schemes: ['http', 'https'],
    templates: [
      {
        uriTemplate: 'https://{host}/{+path}',
        name: 'web',
        title: 'The web',
        description: 'A page or file at a public address.',
        mimeType: '',
      },
    ],
    isCacheable: true,
    pollMs,
    normalise,
    async read(uri, limits, signal) {
      const result = await probe(uri, limits, signal);
      return result.kind === 'content' ? result.content : undefined;
    },
    probe,
    [Symbol.dispose]: () => breakers[Symbol.dispose](),
  };
}

interface ExchangeInput extends ReadLimits {
  readonly uri: string;
  readonly stamp?: string | undefined;
}

const STANDARD_HEADERS = {
  accept: '*/*',
  'accept-encoding': ACCEPTED_ENCODINGS,
  'user-agent': 'gantry-resource/1',
} as const;

/**
 * Refuses a path that climbs once it is decoded, as in `/public/..%2fsecret`: permissions are for what stands below a URI,
 * and some servers decode before they resolve.
 */
function normalise(url: URL): string {
  if (url.hostname === '') throw resourceUriInvalid('it names no host');
  const segments = decodePath(url).split(/[/\\]/);
  if (segments.includes('..')) throw resourceUriInvalid('its path climbs with encoded dots and slashes');
  return url.href;
}

function decodePath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    // Not UTF-8: then only the separators matter.
    return pathname.replaceAll(/%2e/gi, '.').replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\');
  }
}

function judge(
  response: OutboundResponse,
  { isConditional, nowMs }: { readonly isConditional: boolean; readonly nowMs: number },
): ProbeResult['kind'] {
  const { statusCode } = response;
  if (statusCode === NOT_MODIFIED && isConditional) return 'unchanged';
  if (statusCode >= 200 && statusCode < 300) return 'content';
  if (statusCode >= 400 && statusCode < 500 && !PASSING_CLIENT_ERRORS.has(statusCode)) return 'missing';
  discard(response);
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], nowMs);
  throw upstreamUnavailable(`the source answers with status ${statusCode}`, { retryAfterMs });
}

function mediaTypeOf({ headers }: OutboundResponse): string {
  const given = (headers['content-type'] ?? '').trim().slice(0, MEDIA_TYPE_CHARACTERS_MAX);
  return given === '' ? 'application/octet-stream' : given;
}
