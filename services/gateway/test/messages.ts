/** A request that the gateway answers by itself. */
export const ping = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'ping' });

/** A request that the context service answers. */
export const ask = (id: unknown, query = 'x') => ({ jsonrpc: '2.0', id, method: 'context/get', params: { query } });
