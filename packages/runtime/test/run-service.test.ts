import { describe, expect, test } from 'vitest';

import { type FixtureProcess, startFixture } from './child-process.ts';

async function adminUrl(fixture: FixtureProcess): Promise<string> {
  return String((await fixture.logged('ready'))['adminUrl']);
}

describe('configuration', () => {
  test('a bad environment exits with 78 and lists every problem, without a stack', async () => {
    await using fixture = startFixture({
      env: { FIXTURE_LIMIT: '0', FIXTURE_URL: 'nonsense', ADMIN_PORT: '99999', LOG_LEVEL: 'loud' },
    });
    expect(await fixture.exited()).toBe(78);
    for (const name of ['FIXTURE_LIMIT', 'FIXTURE_URL', 'ADMIN_PORT', 'LOG_LEVEL']) {
      expect(fixture.stderr().split(`→ at ${name}`), name).toHaveLength(2);
    }
    expect(fixture.stderr()).not.toMatch(/^\s+at /m);
  });

  test('--check-config exits with 0 and starts nothing when the environment is good', async () => {
    await using fixture = startFixture({ args: ['--check-config'], env: { FIXTURE_START: 'bad' } });
    await fixture.logged('fixture: the configuration is good');
    expect(await fixture.exited()).toBe(0);
  });

  test('--check-config exits with 78 when the environment is bad', async () => {
    await using fixture = startFixture({ args: ['--check-config'], env: { FIXTURE_URL: '' } });
    expect(await fixture.exited()).toBe(78);
    expect(fixture.stderr()).toContain('FIXTURE_URL');
  });

  test('an unknown argument exits with 64 and is named', async () => {
    await using fixture = startFixture({ args: ['--chek-config'] });
    expect(await fixture.exited()).toBe(64);
    expect(fixture.stderr()).toContain('--chek-config');
  });
});

describe('start', () => {
  test('a service that cannot start exits with 1 and says why', async () => {
    await using fixture = startFixture({ env: { FIXTURE_START: 'bad' } });
    expect(await fixture.logged('could not start')).toMatchObject({
      err: { message: 'the fixture was told not to start' },
    });
    expect(await fixture.exited()).toBe(1);
  });

  test('a failure that is explained is a sentence on standard error and no log line', async () => {
    await using fixture = startFixture({ env: { FIXTURE_START: 'refused' } });
    expect(await fixture.exited()).toBe(1);
    expect(fixture.stderr()).toBe('fixture: cannot start: the fixture has no room; make some\n');
  });

  test('a started service is live, ready and shows its own and the process metrics', async () => {
    await using fixture = startFixture();
    const url = await adminUrl(fixture);
    expect(await (await fetch(`${url}/livez`)).text()).toBe('ok\n');
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: 'ready', checks: { store: { status: 'ok' } } });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('process_cpu_seconds_total{service="fixture"}');
  });

  test('a service whose store is gone is live but not ready', async () => {
    await using fixture = startFixture();
    const url = await adminUrl(fixture);
    fixture.process.send('break');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(503);
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({
      status: 'unready',
      checks: { store: { status: 'failed', error: 'the store is gone' } },
    });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

describe('stop', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s turns unready, drains, disposes and exits with 0',
    async (signal) => {
      await using fixture = startFixture();
      const url = await adminUrl(fixture);
      fixture.process.kill(signal);
      await fixture.logged('stopping');
      const draining = await fetch(`${url}/readyz`);
      expect(draining.status).toBe(503);
      expect(await draining.json()).toMatchObject({ status: 'draining' });
      fixture.process.send('finish');
      await fixture.logged('fixture disposed');
      expect(await fixture.logged('stopped')).toMatchObject({ exitCode: 0 });
      expect(await fixture.exited()).toBe(0);
    },
  );

  test('the echo of a signal does not cut draining short', async () => {
    await using fixture = startFixture();
    await adminUrl(fixture);
    fixture.process.kill('SIGINT');
    fixture.process.kill('SIGTERM');
    await fixture.logged('stopping');
    fixture.process.send('finish');
    expect(await fixture.exited()).toBe(0);
  });

  test('being told again exits with 1 at once', async () => {
    await using fixture = startFixture();
    await adminUrl(fixture);
    // Repeats until the process takes it for a second wish and not for an echo.
    const insist = setInterval(() => fixture.process.kill('SIGTERM'), 100);
    try {
      await fixture.logged('told twice to stop; exiting at once');
      expect(await fixture.exited()).toBe(1);
    } finally {
      clearInterval(insist);
    }
  });

  test('work that outlasts the grace period is logged, closed and exits with 1', async () => {
    await using fixture = startFixture({ env: { SHUTDOWN_GRACE_SECONDS: '0.05' } });
    await adminUrl(fixture);
    fixture.process.kill('SIGTERM');
    await fixture.logged('work in flight did not finish within the grace period');
    await fixture.logged('fixture disposed');
    expect(await fixture.exited()).toBe(1);
  });

  test('the load balancer gets its delay before draining starts', async () => {
    await using fixture = startFixture({ env: { SHUTDOWN_DELAY_SECONDS: '300' } });
    const url = await adminUrl(fixture);
    fixture.process.kill('SIGTERM');
    await fixture.logged('stopping');
    fixture.process.send('finish');
    // Were there no delay, the process would be gone; it still answers, and says that it is going to stop.
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect(fixture.process.exitCode).toBeNull();
  });
});

describe('crash', () => {
  test('output that nobody reads any more is no crash', async () => {
    await using fixture = startFixture();
    const url = await adminUrl(fixture);
    fixture.process.stdout?.destroy();
    fixture.process.send('write');
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    fixture.process.kill('SIGTERM');
    fixture.process.send('finish');
    expect(await fixture.exited()).toBe(0);
  });

  test.each([
    ['throw', 'thrown by the fixture'],
    ['reject', 'rejected by the fixture'],
  ])('an error nobody handles (%s) is logged as fatal and exits with 70', async (message, text) => {
    await using fixture = startFixture();
    await adminUrl(fixture);
    fixture.process.send(message);
    expect(await fixture.logged('nobody handled this error')).toMatchObject({ level: 'fatal', err: { message: text } });
    expect(await fixture.exited()).toBe(70);
  });
});
