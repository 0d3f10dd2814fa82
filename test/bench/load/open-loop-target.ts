import { connect, type Socket } from 'node:net';

import { parseHttpAnswer } from './http-answer.ts';
import { FIRST_ID, type HttpPlan, LAST_ID, toTemplates } from './http-plan.ts';

/** A request that is to be sent. */
export interface DueRequest {
  /** Called when it is sent although it did not wait for a connection. */
  sentAtOnce(): void;
  /** Called when the answer is whole. Checking it, which takes its time, returns what is wrong with it. */
  answered(check: () => unknown): void;
}

/** Sends requests over a number of connections, each of which has one in flight at the most; the others wait. */
export class OpenLoopTarget {
  readonly #plan: HttpPlan;
  readonly #templates: ReturnType<typeof toTemplates>;
  readonly #idle: Connection[] = [];
  readonly #backlog: DueRequest[] = [];
  #nextId = FIRST_ID;

  constructor(plan: HttpPlan, connections: number, onLost: (error: Error) => void) {
    this.#plan = plan;
    this.#templates = toTemplates(plan);
    for (let i = 0; i < connections; i += 1) this.#idle.push(new Connection(plan, onLost));
  }

  send(request: DueRequest): void {
    const connection = this.#idle.shift();
    if (connection === undefined) {
      this.#backlog.push(request);
      return;
    }
    request.sentAtOnce();
    this.#sendOn(connection, request);
  }

  #sendOn(connection: Connection, request: DueRequest): void {
    const id = this.#nextId;
    this.#nextId = id === LAST_ID ? FIRST_ID : id + 1;
    const template = this.#templates[id % this.#templates.length];
    connection.exchange(`${template?.head}${id}${template?.tail}`, (status, body) => {
      request.answered(() => this.#faultOf(status, body, id));
      const waiting = this.#backlog.shift();
      if (waiting === undefined) this.#idle.push(connection);
      else this.#sendOn(connection, waiting);
    });
  }

  #faultOf(status: number, body: string, id: number): unknown {
    try {
      if (status !== 200) throw new Error(`HTTP ${status}`);
      this.#plan.assertAnswer(body, id);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #onAnswer: ((status: number, body: string) => void) | undefined;

  constructor({ host, port }: HttpPlan, onLost: (error: Error) => void) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', onLost);
    this.#socket.on('close', () => onLost(new Error('the target closed a connection')));
  }

  exchange(request: string, onAnswer: (status: number, body: string) => void): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(request);
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = parseHttpAnswer(this.#received);
    if (answer === undefined) return;
    this.#received = Buffer.alloc(0);
    this.#onAnswer?.(answer.status, answer.body);
  }
}
