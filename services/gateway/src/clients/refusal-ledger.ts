import type { AuditEvent } from '@gantry/protocol/gantry/auth/v1/audit_service';

/** Callers and reasons at a time; more of them within one flush are an attack from many addresses. About 1 MB. */
export const REFUSALS_MAX = 2_000;

/** Gathers refused requests, so that a thousand alike are one event that says so. */
export interface RefusalLedger {
  /** Adds so many refused requests, and returns how many events were lost to make room. */
  add(event: AuditEvent, requests: number): number;
  /** Takes out at most so many events, oldest first. */
  take(eventsMax: number): readonly AuditEvent[];
  readonly size: number;
}

interface Entry {
  readonly event: AuditEvent;
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
    take(eventsMax) {
      const taken = [...entries].slice(0, eventsMax);
      for (const [key] of taken) entries.delete(key);
      return taken.map(([, entry]) => toEvent(entry));
    },
    get size() {
      return entries.size;
    },
  };
}

/** An address counts without its port: a client has as many of those as it likes. */
function keyOf({ credentialId, clientAddress, transport, reason }: AuditEvent): string {
  const caller = credentialId === '' ? clientAddress.replace(/:\d+$/, '') : credentialId;
  return JSON.stringify([caller, transport, reason]);
}

/** The first of those alike stands for all; what they did not share is left out. */
function merge({ event, requests }: Entry, later: AuditEvent, laterRequests: number): Entry {
  const method = event.method === later.method ? event.method : '';
  return { event: { ...event, method, paramsSha256: new Uint8Array(0) }, requests: requests + laterRequests };
}

function toEvent({ event, requests }: Entry): AuditEvent {
  return requests === 1 ? event : { ...event, target: `${requests} requests` };
}
