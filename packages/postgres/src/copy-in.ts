import type { Connection, PoolClient, Submittable } from 'pg';

/**
 * Runs one `COPY … FROM STDIN (FORMAT binary)` with the rows that {@link CopyRows} has finished. Returns when Postgres has committed it, or inside a
 * transaction when it has taken it; when it throws, no row of it is stored.
 *
 * @throws what Postgres answers, as pg throws it; use it inside {@link withClient} or {@link withTransaction}.
 */
export function copyIn(client: PoolClient, text: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn({ text, rows, ended: (error) => (error === undefined ? resolve() : reject(error)) }));
  });
}

/** What pg's connection has for COPY; its types do not know it. */
interface CopyConnection {
  readonly stream: { write(message: Buffer): void };
  endCopyFrom(): void;
}

interface CopyInOptions {
  readonly text: string;
  readonly rows: Buffer;
  readonly ended: (error?: Error) => void;
}

/** A statement as pg's client takes it: it calls a method for each message of the server. */
class CopyIn implements Submittable {
  readonly #text: string;
  readonly #rows: Buffer;
  /** pg wraps it, to stop the timer of `query_timeout` when it is called. */
  callback: (error?: Error) => void;

  constructor({ text, rows, ended }: CopyInOptions) {
    this.#text = text;
    this.#rows = rows;
    this.callback = ended;
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    // pg would copy the rows, twice, to put five bytes before them.
    connection.stream.write(this.#rows);
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {}

  /** The server says so when the transaction of the statement has ended, and not before. */
  handleReadyForQuery(): void {
    this.callback();
  }

  handleError(error: Error): void {
    this.callback(error);
  }
}
