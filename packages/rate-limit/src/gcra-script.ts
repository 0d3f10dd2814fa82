import { defineScript } from '@gantry/redis';

/**
 * The same arithmetic as `takeCell`, on Redis' own clock, so that replicas with different clocks share one limit.
 *
 * KEYS[1] the arrival time in epoch microseconds; ARGV[1] the interval in microseconds; ARGV[2] the burst. Returns the
 * microseconds to wait, 0 when allowed. A key expires when its bucket is full again.
 */
export const gcraScript = defineScript({
  name: 'gcra',
  keysCount: 1,
  // %.0f because Lua prints a number of this size with 14 digits only.
  lua: `
local interval = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local horizon = now + interval * tonumber(ARGV[2])
local arrival = tonumber(redis.call('GET', KEYS[1]) or now) or now
if arrival < now then arrival = now end
if arrival > horizon then arrival = horizon end
local wait = arrival + interval - horizon
if wait > 0 then return wait end
arrival = arrival + interval
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return 0
`,
});
