import type { OutboundResponse } from './outbound-client.ts';

/** Closes the connection instead of reading a body nobody wants, however long it is. */
export function discard({ body }: Pick<OutboundResponse, 'body'>): void {
  // Destroying a body that was not read makes it emit an error; without a listener that ends the process.
  body.on('error', () => {});
  body.destroy();
}
