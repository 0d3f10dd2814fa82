import { FIRST_ID, LAST_ID, type RequestTemplate } from './http-plan.ts';

/**
 * Writes the Lua program that wrk runs: each request is a template with the next id in it, and at the end wrk prints its
 * exact counts as JSON, since its own report rounds them.
 */
export function toWrkScript(templates: readonly RequestTemplate[]): string {
  const list = (texts: readonly string[]) => `{${texts.map(toLuaText).join(',\n')}}`;
  return `local heads = ${list(templates.map(({ head }) => head))}
local tails = ${list(templates.map(({ tail }) => tail))}
local count = #heads
local id = ${FIRST_ID - 1}

request = function()
  id = id + 1
  if id > ${LAST_ID} then id = ${FIRST_ID} end
  local i = id % count + 1
  return heads[i] .. id .. tails[i]
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"bytes":%d,"durationUs":%d,"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"p50Us":%d,"p99Us":%d}\\n',
    summary.requests, summary.bytes, summary.duration, errors.status, errors.connect, errors.read, errors.write,
    errors.timeout, latency:percentile(50), latency:percentile(99)))
end
`;
}

/** Every byte outside printable ASCII is escaped, so that no text of a header ends the Lua text. */
function toLuaText(text: string): string {
  const escaped = [...Buffer.from(text)].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\${String(byte).padStart(3, '0')}`,
  );
  return `"${escaped.join('')}"`;
}
