import { defineScript } from '@gantry/redis';

/**
 * The same arithmetic as `takeCells`, on Redis' own clock, so that replicas with different clocks share one limit.
 *
 * KEYS[1] the arrival time in epoch microseconds; ARGV: the interval in microseconds, the burst, the demand, the cells
 * wanted ahead, and two that only tests give: the time in epoch microseconds, and how much longer to keep keys in
 * milliseconds. Returns the cells granted, the microseconds until there is one again, the next arrival time, and how far
 * that is ahead of now. A key expires when its bucket is full again.
 */
export const leaseScript = defineScript({
  name: 'lease',
  keysCount: 1,
  // %.0f because Lua prints a number of this size with 14 digits only.
  lua: `
local interval = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(ARGV[5]) or tonumber(time[1]) * 1000000 + tonumber(time[2])
local horizon = now + interval * tonumber(ARGV[2])
local arrival = tonumber(redis.call('GET', KEYS[1]) or now) or now
if arrival < now then arrival = now end
if arrival > horizon then arrival = horizon end
local free = math.floor((horizon - arrival) / interval)
local used = math.min(tonumber(ARGV[3]), free)
local granted = used + math.min(tonumber(ARGV[4]), math.floor((free - used) / 2))
arrival = arrival + interval * granted
if granted > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000) + tonumber(ARGV[6]))
end
return {granted, math.max(0, arrival + interval - horizon), arrival, arrival - now}
`,
});
