/** A process that opens WebSockets and keeps them: its parent sends how many there are to be, and it says when there are. */
import { once } from 'node:events';

import { WebSocket } from 'ws';

import { LEGACY_VERSION } from '../legacy-session.ts';
import type { HoldJob } from './held-sockets.ts';

/** So many begin at a time: a listener's backlog is longer than that. */
const AT_A_TIME = 50;

// Written by the harness.
const { url, headers } = JSON.parse(process.argv[2] ?? '{}') as HoldJob;
const sockets: WebSocket[] = [];
const params = {
  protocolVersion: LEGACY_VERSION,
  capabilities: {},
  clientInfo: { name: 'gantry-bench', version: '1.0.0' },
};
const initialize = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
process.on('message', ({ count }: { readonly count: number }) => {
  void grow(count).finally(() => process.send?.({ open: openSockets() }));
});

async function grow(count: number): Promise<void> {
  while (sockets.length < count) {
    const wanted = Math.min(AT_A_TIME, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: wanted }, open))));
  }
}

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  await once(socket, 'open');
  socket.send(initialize);
  await once(socket, 'message');
  return socket;
}

function openSockets(): number {
  return sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
}
