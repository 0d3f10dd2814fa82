import { defineScript } from '@gantry/redis';

/**
 * Puts leased cells that nobody used back into their bucket, where that is safe.
 *
 * KEYS[1] the arrival time as the lease script keeps it; KEYS[2] the microseconds given back of late. ARGV: the cells, the
 * interval, the beginning of the first cell in epoch microseconds, how long a lease lasts, and the time and longer keeping of keys
 * that only tests give, as for the lease script. Returns the cells that were put back.
 *
 * A bucket and the leases out of it must never hold more than one burst together. That holds because each leased cell is a
 * span of time before the arrival time, disjoint from all others, and is void once its span begins: by then it has flown
 * back into the bucket. Giving back pulls the arrival time down, and with it, in truth, the spans of all cells leased
 * later, of which their holders know nothing. So it is done only while even these spans begin after every present lease has
 * lapsed, when it no longer matters where they lie. KEYS[2] bounds how far the given span was itself pulled down before; it
 * outlives every lease that could have been. In a bucket fuller than that, unused cells flow back by themselves.
 */
export const giveBackScript = defineScript({
  name: 'give-back',
  keysCount: 2,
  lua: `
local back = tonumber(ARGV[1]) * tonumber(ARGV[2])
local lease = tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(ARGV[5]) or tonumber(time[1]) * 1000000 + tonumber(time[2])
local arrival = tonumber(redis.call('GET', KEYS[1]) or 0) or 0
local given = tonumber(redis.call('GET', KEYS[2]) or 0) or 0
local earliest = now + lease
if tonumber(ARGV[3]) - given < earliest or arrival - back < earliest then return 0 end
arrival = arrival - back
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000) + tonumber(ARGV[6]))
redis.call('SET', KEYS[2], string.format('%.0f', given + back), 'PX', math.ceil(2 * lease / 1000) + tonumber(ARGV[6]))
return tonumber(ARGV[1])
`,
});
