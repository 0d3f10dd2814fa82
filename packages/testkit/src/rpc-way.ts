/**
 * Returns how the clients of a test call: `plain` where the project of vitest.config.ts says so by TEST_RPC_WAY, else `lane`. So
 * the same tests show that a service behaves alike whichever way a call comes.
 */
export function rpcWay(): 'lane' | 'plain' {
  return process.env['TEST_RPC_WAY'] === 'plain' ? 'plain' : 'lane';
}
