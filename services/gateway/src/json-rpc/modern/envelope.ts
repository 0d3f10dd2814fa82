import { envelopeInvalid } from '../../errors.ts';
import { isModernEra } from '../dialect.ts';
import { isObject } from '../parse-message.ts';

/** The key in `params._meta` by which a message says that it is of the modern dialect. */
export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';
const CLIENT_INFO_KEY = 'io.modelcontextprotocol/clientInfo';
const LOG_LEVEL_KEY = 'io.modelcontextprotocol/logLevel';

/** The capabilities that the revision defines; each is an object. Others are nobody's to judge. */
const CAPABILITIES = ['experimental', 'extensions', 'roots', 'sampling', 'elicitation'] as const;

const LOG_LEVELS: ReadonlySet<unknown> = new Set([
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]);

/** Returns what the params of a message claim as their version; undefined when they claim none. */
export function claimOf(params: unknown): unknown {
  return metaOf(params)?.[VERSION_KEY];
}

/** Tells whether params say all that a request of a stateless revision, known or not, must say about itself. */
export function hasEnvelope(params: unknown): boolean {
  const meta = metaOf(params);
  const version = meta?.[VERSION_KEY];
  return typeof version === 'string' && isModernEra(version) && isObject(meta?.[CAPABILITIES_KEY]);
}

/**
 * Checks what a request says about itself and returns the version it is of.
 *
 * @throws {AppError} ENVELOPE_INVALID.
 */
export function checkEnvelope(params: unknown): string {
  const meta = metaOf(params);
  if (meta === undefined)
    throw envelopeInvalid('', 'must be an object with the version and capabilities of the client');
  const version = meta[VERSION_KEY];
  if (typeof version !== 'string') throw envelopeInvalid(VERSION_KEY, 'must be a string');
  checkCapabilities(meta[CAPABILITIES_KEY]);
  checkClientInfo(meta[CLIENT_INFO_KEY]);
  const { progressToken = '' } = meta;
  if (typeof progressToken !== 'string' && !Number.isInteger(progressToken)) {
    throw envelopeInvalid('progressToken', 'must be a string or a whole number');
  }
  const level = meta[LOG_LEVEL_KEY];
  if (level !== undefined && !LOG_LEVELS.has(level)) {
    throw envelopeInvalid(LOG_LEVEL_KEY, `must be one of ${[...LOG_LEVELS].join(', ')}`);
  }
  return version;
}

function metaOf(params: unknown): Readonly<Record<string, unknown>> | undefined {
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) ? meta : undefined;
}

function checkCapabilities(value: unknown): void {
  if (!isObject(value)) throw envelopeInvalid(CAPABILITIES_KEY, 'must be an object; {} when there are none');
  const wrong = CAPABILITIES.find((name) => value[name] !== undefined && !isObject(value[name]));
  if (wrong !== undefined) throw envelopeInvalid(CAPABILITIES_KEY, `must have an object as ${wrong}`);
}

/** Who the client is need not be said, but is a name and a version when it is. */
function checkClientInfo(value: unknown): void {
  if (value === undefined) return;
  if (isObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string') return;
  throw envelopeInvalid(CLIENT_INFO_KEY, 'must be an object with the strings name and version');
}
