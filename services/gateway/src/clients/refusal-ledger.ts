import type { RecordedRequest } from './recorded-request.ts';

/** Callers and reasons at a time; more of them within one flush are an attack from many addresses. About 1 MB. */
export const REFUSALS_MAX = 2_000;

/** Gathers refused requests, so that a thousand alike are one event that says so. */
export interface RefusalLedger {
  /** Adds so many refused requests, and returns how many events were lost to make room. */
  add(event: RecordedRequest, requests: number): number;
  /** Takes out the oldest event, if there is one. */
  takeOldest(): RecordedRequest | undefined;
  readonly size: number;
}

interface Entry {
  readonly event: RecordedRequest;
  readonly requests: number;
}

/** Creates an empty ledger, of at most 2,000 events. */
export function createRefusalLedger(): RefusalLedger {
  const entries = new Map<string, Entry>();
  return {
    add(event, requests) {
      const key = keyOf(event);
      const known = entries.get(key);
      entries.set(key, known === undefined ? { event, requests } : merge(known, event, requests));
      if (entries.size <= REFUSALS_MAX) return 0;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
      return 1;
    },
    takeOldest() {
      const [oldest] = entries;
      if (oldest === undefined) return undefined;
      const [key, entry] = oldest;
      entries.delete(key);
      return toEvent(entry);
    },
    get size() {
      return entries.size;
    },
  };
}

/** An address counts without its port: a client has as many of those as it likes. */
function keyOf({ credentialId, clientAddress, transport, reason }: RecordedRequest): string {
  const caller = credentialId === '' ? clientAddress.replace(/:\d+$/, '') : credentialId;
  return JSON.stringify([caller, transport, reason]);
}

/** The first of those alike stands for all; what they did not share is left out. */
function merge({ event, requests }: Entry, later: RecordedRequest, laterRequests: number): Entry {
  const method = event.method === later.method ? event.method : '';
  return { event: { ...event, method, paramsSha256: '' }, requests: requests + laterRequests };
}

function toEvent({ event, requests }: Entry): RecordedRequest {
  return requests === 1 ? event : { ...event, target: `${requests} requests` };
}
