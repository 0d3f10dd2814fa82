import type { Duplex } from 'node:stream';

import type { PoolClient, Submittable } from 'pg';

/**
 * Runs one `COPY … FROM STDIN (FORMAT binary)` with the rows that {@link CopyRows} has finished. Returns when Postgres has committed it, or inside a
 * transaction when it has taken it; when it throws, no row of it is stored.
 *
 * @throws what Postgres answers, as pg throws it; use it inside {@link withClient} or {@link withTransaction}.
 */
export function copyIn(client: PoolClient, text: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const copy = new CopyIn({ text, rows, ended: (error) => (error === undefined ? resolve() : reject(error)) });
    // pg's types leave out of a connection what COPY needs.
    client.query(copy as unknown as Submittable);
  });
}

/** What pg's connection has for COPY; its types do not know it. */
interface CopyConnection {
  readonly stream: Pick<Duplex, 'cork' | 'uncork' | 'write'>;
  query(text: string): void;
  endCopyFrom(): void;
}

interface CopyInOptions {
  readonly text: string;
  readonly rows: Buffer;
  readonly ended: (error?: Error) => void;
}

/** A statement as pg's client takes it: it calls a method for each message of the server. */
class CopyIn {
  readonly #text: string;
  readonly #rows: Buffer;
  /** pg wraps it, to stop the timer of `query_timeout` when it is called. */
  callback: (error?: Error) => void;

  constructor({ text, rows, ended }: CopyInOptions) {
    this.#text = text;
    this.#rows = rows;
    this.callback = ended;
  }

  /** The rows go with the statement: a server that refuses it goes past them, and one that takes it need not ask for them. */
  submit(connection: CopyConnection): void {
    const { stream } = connection;
    stream.cork();
    connection.query(this.#text);
    // pg would copy the rows, twice, to put five bytes before them.
    stream.write(this.#rows);
    connection.endCopyFrom();
    stream.uncork();
  }

  handleCopyInResponse(): void {}

  handleCommandComplete(): void {}

  /** The server says so when the transaction of the statement has ended, and not before. */
  handleReadyForQuery(): void {
    this.callback();
  }

  handleError(error: Error): void {
    this.callback(error);
  }
}
