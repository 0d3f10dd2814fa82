import type { Registry } from '@gantry/telemetry';

import { addToGauge } from '../summed-gauge.ts';
import type { StreamConnection } from './stream-connection.ts';

/**
 * Requests that are begun in one turn of the event loop. A client that sends thousands at once would else have all of them
 * worked on before anybody else's socket is read again. With 16, 32, 64 and no limit the rate is the same.
 */
const REQUESTS_PER_TURN = 32;

/** A whole request. */
export interface WaitingRequest {
  readonly connection: StreamConnection;
  /** Whether the client has given it up: it is not begun any more, and costs nothing. */
  readonly isGone: boolean;
  begin(): void;
}

/**
 * Has the requests of a server begun, some a turn: at once while there are few, else by turns of their connections. What waits
 * holds its room for arrivals.
 */
export class RequestIntake {
  readonly #requestsPerTurn: number;
  /** Connections with requests that wait, in the order of their turns; a Map, since the first is taken out and put back last. */
  readonly #lines = new Map<StreamConnection, WaitingRequest[]>();
  #begun = 0;
  #isScheduled = false;

  constructor(requestsPerTurn = REQUESTS_PER_TURN) {
    this.#requestsPerTurn = requestsPerTurn;
  }

  /** How many requests wait, those that were given up included. */
  get waiting(): number {
    return this.#lines.values().reduce((sum, { length }) => sum + length, 0);
  }

  take(request: WaitingRequest): void {
    this.#schedule();
    if (this.#lines.size === 0 && this.#begun < this.#requestsPerTurn) return this.#begin(request);
    const line = this.#lines.get(request.connection);
    if (line === undefined) this.#lines.set(request.connection, [request]);
    else line.push(request);
  }

  #begin(request: WaitingRequest): void {
    this.#begun += 1;
    request.begin();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#isScheduled = false;
    this.#begun = 0;
    for (const [connection, line] of this.#lines) {
      if (this.#begun >= this.#requestsPerTurn) return this.#schedule();
      this.#lines.delete(connection);
      const request = nextOf(line);
      if (request === undefined) continue;
      // Before it is begun: what that does may throw, or bring in more.
      if (line.length > 0) this.#lines.set(connection, line);
      this.#begin(request);
    }
  };
}

/** Takes the first request that somebody still waits for. */
function nextOf(line: WaitingRequest[]): WaitingRequest | undefined {
  for (let request = line.shift(); request !== undefined; request = line.shift()) {
    if (!request.isGone) return request;
  }
  return undefined;
}

/** Shows how many requests wait for their turn, over all servers that share the registry. */
export function showIntake(intake: RequestIntake, registry: Registry): void {
  const name = 'gantry_rpc_server_waiting_requests';
  const help = 'Unary requests that have come whole and are not begun yet.';
  addToGauge(registry, { name, help }, () => intake.waiting);
}
