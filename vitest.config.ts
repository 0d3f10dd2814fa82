import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Starts the stores once for all projects and passes their addresses on as DATABASE_URL and REDIS_URL.
    globalSetup: ['./packages/testkit/src/vitest-global-setup.ts'],
    pool: 'forks',
    // Tests start servers and child processes of their own: two at a time fill two cores.
    maxWorkers: 2,
    // Long enough for a child process on a busy machine; nothing waits that long unless it is broken.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    reporters: ['default', './test/checks/plain-count-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'services/*/src/**/*.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'contract',
          include: ['services/*/test/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // The contract tests of the services behind the gateway once more, over plain gRPC instead of lanes. Those of stores
          // have no hop, and the others start a gateway.
          name: 'contract-plain',
          include: ['services/{auth,context,resource,tool}/test/**/*.test.ts'],
          exclude: ['**/*-store.contract.test.ts', '**/node_modules/**'],
          env: { TEST_RPC_WAY: 'plain' },
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/**/*.test.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
