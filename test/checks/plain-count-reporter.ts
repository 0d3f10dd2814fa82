import { writeSync } from 'node:fs';

import type { Reporter, TestModule } from 'vitest/node';

const STDOUT = 1;

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints `N passed, N failed` alone on the very last line, with `, N skipped` only when there are any: a line that a
 * script or a hurried reader cannot misread.
 */
export default class PlainCountReporter implements Reporter {
  #line = formatCount({ passed: 0, failed: 0, skipped: 0 });

  onInit(): void {
    // At exit, so that nothing of vitest comes after it; written synchronously, since nothing waits any more.
    process.once('exit', () => writeSync(STDOUT, `${this.#line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = countTests(modules);
    // An error outside of any test fails the run, so it must not look like a good one.
    count.failed += unhandledErrors.length;
    this.#line = formatCount(count);
  }
}

function countTests(modules: readonly TestModule[]): Count {
  const count: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    const failedBefore = count.failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that was collected and never ran proves nothing.
      count[state === 'pending' ? 'failed' : state] += 1;
    }
    // A file that does not load, or whose hooks fail, has no failed test of its own.
    if (module.state() === 'failed' && count.failed === failedBefore) count.failed += 1;
  }
  return count;
}

/** Formats the closing line. */
export function formatCount({ passed, failed, skipped }: Readonly<Count>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
