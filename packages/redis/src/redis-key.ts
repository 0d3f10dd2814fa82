/** Redis takes keys of 512 MB; a longer key than this, escaped, is a payload in the wrong place. */
export const REDIS_KEY_CHARS_MAX = 4_096;

// The separator, the hash-tag braces, the escape itself, what makes a key unreadable in redis-cli, and lone surrogates,
// which would all be sent as U+FFFD.
// oxlint-disable-next-line no-control-regex -- Control characters are what is looked for.
const UNSAFE = /[%:{}\u0000-\u0020\u007f]|\p{Surrogate}/gu;

/** Names what keeps keys together: keys of the same tag live on the same Cluster node. */
export interface RedisKeyTag {
  /** Not empty; the tenant, the session, or the key itself where nothing needs to be together. */
  readonly tag: string;
}

/**
 * Builds the key `gantry:<area>:{<tag>}:<part>:<part>`, with a Cluster hash tag around the tag.
 *
 * Separators, braces, spaces and control characters in the tag and parts are percent-encoded, so two different inputs
 * never give the same key.
 *
 * @throws {RangeError} When area or tag is empty, or the key is longer than {@link REDIS_KEY_CHARS_MAX} characters.
 * @example redisKey('rate', { tag: 'tenant-1' }, 'tools') // 'gantry:rate:{tenant-1}:tools'
 */
export function redisKey(area: string, { tag }: RedisKeyTag, ...parts: readonly string[]): string {
  // Redis ignores an empty hash tag and hashes the whole key, which would scatter what the caller wants together.
  if (area === '' || tag === '') {
    throw new RangeError('a Redis key needs an area and a tag');
  }
  const key = ['gantry', escapePart(area), `{${escapePart(tag)}}`, ...parts.map(escapePart)].join(':');
  if (key.length > REDIS_KEY_CHARS_MAX) {
    throw new RangeError(`a Redis key has at most ${REDIS_KEY_CHARS_MAX} characters, this one ${key.length}`);
  }
  return key;
}

/**
 * Returns what Redis Cluster hashes of a key: the first non-empty `{…}`, or the whole key.
 */
export function hashTagOf(key: string): string {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

function escapePart(part: string): string {
  return part.replace(UNSAFE, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
