import { once } from 'node:events';
import type { Socket } from 'node:net';

import { createMetricsRegistry, systemClock } from '@gantry/telemetry';
import { silentLogger, testPrincipal } from '@gantry/testkit';

import { createBodyBudget } from '../src/edge/body-budget.ts';
import { createHttpServer, listen } from '../src/edge/http-server.ts';
import { createHttpEdge } from '../src/edge/http.ts';
import { createOriginPolicy } from '../src/edge/origin.ts';
import { createGatewayMetrics } from '../src/metrics.ts';
import type { Answer } from '../src/pipeline/pipeline.ts';
import type { Eventual } from '../src/pipeline/settle.ts';

/** An HTTP edge on a free port before a pipeline that has one answer to everything, or some in turn. To be disposed. */
export async function startHttpEdge(given: Answer | ((request: number) => Eventual<Answer>), readerStuckMs?: number) {
  let requests = 0;
  const answer = () => (typeof given === 'function' ? given((requests += 1)) : given);
  const config = { host: '127.0.0.1', port: 0, reusePort: false, connectionsMax: 10, allowedOrigins: [] };
  const server = createHttpServer(config);
  const bodies = createBodyBudget();
  const edge = createHttpEdge({
    server,
    pipeline: {
      answer,
      refuse: () => {
        throw new Error('nothing is refused');
      },
      identify: () => ({ principal: testPrincipal(), assertion: 'a' }),
      inFlight: 0,
    },
    metrics: createGatewayMetrics(createMetricsRegistry({ service: 'gateway' }), new Set()),
    logger: silentLogger(),
    clock: systemClock,
    origins: createOriginPolicy(config.host, []),
    bodies,
    requestTimeoutMs: 1_000,
    readerStuckMs,
  });
  const port = await listen(server, config);
  return {
    edge,
    bodies,
    port,
    /** The server's side of the next connection. */
    nextSocket: async (): Promise<Socket> => {
      const [socket] = await once(server, 'connection');
      return socket;
    },
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
