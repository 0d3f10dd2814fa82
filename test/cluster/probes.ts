/** One request each that only that service can answer. */
export const probes = [
  { name: 'context', method: 'context/get', params: { query: 'anything' } },
  { name: 'resource', method: 'resources/list', params: {} },
  { name: 'tool', method: 'tools/execute', params: { name: 'echo', parameters: { message: 'still here' } } },
  { name: 'auth', method: 'keys/list', params: {} },
] as const;
