import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { HttpPlan } from './http-plan.ts';
import type { Load } from './load.ts';
import { runProgram } from './run-program.ts';

const report = z.object({
  requests: z.object({ total: z.number() }),
  latency: z.object({ p50: z.number(), p99: z.number() }),
  duration: z.number(),
  errors: z.number(),
  timeouts: z.number(),
  non2xx: z.number(),
  mismatches: z.number(),
});

/**
 * Keeps a request in flight on each of a number of connections, where there is no wrk. It is a Node program: it needs as
 * much of the processor as what it measures, so its figures compare with each other only.
 */
export function createAutocannonLoad(plan: HttpPlan, connections: number): Load {
  const program = fileURLToPath(import.meta.resolve('autocannon/autocannon.js'));
  // With -I, autocannon puts another id in the place of the mark in each request.
  const body = JSON.stringify({ jsonrpc: '2.0', id: '[<id>]', ...plan.message });
  return {
    generator: 'autocannon',
    async run(seconds) {
      const headers = Object.entries(plan.headerSets[0] ?? {}).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
      const args = [
        '--json',
        '-I',
        '-c',
        String(connections),
        '-d',
        String(seconds),
        '-m',
        'POST',
        '-b',
        body,
        ...headers,
      ];
      const url = `http://${plan.host}:${plan.port}${plan.path}`;
      const output = await runProgram(process.execPath, [program, ...args, '-H', 'content-type=application/json', url]);
      return toResult(report.parse(JSON.parse(output)));
    },
  };
}

function toResult({ requests, latency, duration, errors, timeouts, non2xx, mismatches }: z.output<typeof report>) {
  return {
    requests: requests.total - non2xx - mismatches,
    seconds: duration,
    errors: errors + timeouts + non2xx + mismatches,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
  };
}
