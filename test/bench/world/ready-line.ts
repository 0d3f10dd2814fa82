import { z } from 'zod';

/** Where a service can be reached, by protocol: `grpc`, `http`. */
export type Endpoints = Readonly<Record<string, string>>;

const readyLine = z.object({ msg: z.literal('ready'), endpoints: z.record(z.string(), z.string()) });

/** Reads the line of a service's log that says it is ready; undefined for any other line. */
export function parseReadyLine(line: string): Endpoints | undefined {
  if (!line.includes('"msg":"ready"')) return undefined;
  return readyLine.safeParse(JSON.parse(line)).data?.endpoints;
}
