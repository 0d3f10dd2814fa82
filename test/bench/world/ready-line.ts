import { z } from 'zod';

/** Where a service can be reached, by protocol: `grpc`, `http`. */
type Endpoints = Readonly<Record<string, string>>;

/** What a service says when it is ready. */
export interface Ready {
  readonly endpoints: Endpoints;
  /** Where its metrics are, without the path. */
  readonly adminUrl: string;
}

const readyLine = z.object({
  msg: z.literal('ready'),
  endpoints: z.record(z.string(), z.string()),
  adminUrl: z.string(),
});

/** Reads the line of a service's log that says it is ready; undefined for any other line. */
export function parseReadyLine(line: string): Ready | undefined {
  if (!line.includes('"msg":"ready"')) return undefined;
  return readyLine.safeParse(JSON.parse(line)).data;
}
