import { spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { isReason } from '@gantry/errors';
import { fakeClock, silentLogger } from '@gantry/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Connector, SourceContent } from '../domain/ports.ts';
import { createFileConnector } from './file-connector.ts';
import { WALK_DEPTH_MAX } from './walk-folder.ts';

const never = new AbortController().signal;
const limits = { bytesMax: 1_024 };

let base = '';
let root = '';
let connector: Connector;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'gantry-file-'));
  root = join(base, 'root');
  mkdirSync(join(root, 'sub'), { recursive: true });
  mkdirSync(join(base, 'root-secret'));
  writeFileSync(join(root, 'a.md'), '# A');
  writeFileSync(join(root, 'sub', 'b c.txt'), 'b');
  writeFileSync(join(base, 'secret.txt'), 'secret');
  writeFileSync(join(base, 'root-secret', 'c.txt'), 'secret');
  connector = connectorOf([root]);
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function connectorOf(roots: readonly string[]): Connector {
  return createFileConnector({ roots, pollMs: 1_000, logger: silentLogger(), clock: fakeClock() });
}

function uriOf(...path: string[]): string {
  return pathToFileURL(join(...path)).href;
}

async function read(uri: string, from = connector): Promise<SourceContent | undefined> {
  return from.read(from.normalise(new URL(uri)), limits, never);
}

async function reading(uri: string): Promise<string | undefined> {
  const content = await read(uri);
  return content && Buffer.from(content.bytes).toString();
}

describe('a file below a root', () => {
  test('is read with its media type', async () => {
    expect(await read(uriOf(root, 'a.md'))).toMatchObject({
      mimeType: 'text/markdown',
      canonicalUri: uriOf(root, 'a.md'),
    });
    expect(await reading(uriOf(root, 'sub', 'b c.txt'))).toBe('b');
  });

  test('without a telling name is text or bytes by what it holds', async () => {
    writeFileSync(join(root, 'LICENSE'), 'Some words');
    writeFileSync(join(root, 'blob'), Buffer.from([0xff, 0x00, 0xfe]));
    expect((await read(uriOf(root, 'LICENSE')))?.mimeType).toBe('text/plain');
    expect((await read(uriOf(root, 'blob')))?.mimeType).toBe('application/octet-stream');
  });

  test('that is hidden is read too', async () => {
    writeFileSync(join(root, '.hidden'), 'seen');
    expect(await reading(uriOf(root, '.hidden'))).toBe('seen');
  });

  test('through a link below the roots is read, and says where it really is', async () => {
    symlinkSync(join(root, 'sub'), join(root, 'alias'));
    expect(await read(uriOf(root, 'alias', 'b c.txt'))).toMatchObject({ canonicalUri: uriOf(root, 'sub', 'b c.txt') });
  });

  test('of a root that is itself a link is named by the root as it was configured', async () => {
    const alias = join(base, 'docs');
    symlinkSync(root, alias);
    expect(await read(uriOf(alias, 'a.md'), connectorOf([alias]))).toMatchObject({
      canonicalUri: uriOf(alias, 'a.md'),
    });
  });

  test('at the limit is read, and one byte more is not', async () => {
    writeFileSync(join(root, 'full'), Buffer.alloc(limits.bytesMax, 'x'));
    expect((await read(uriOf(root, 'full')))?.bytes).toHaveLength(limits.bytesMax);
    truncateSync(join(root, 'full'), limits.bytesMax + 1);
    await expect(read(uriOf(root, 'full'))).rejects.toSatisfy((error) => isReason(error, 'RESOURCE_TOO_LARGE'));
  });

  test('that claims to be empty and is not, is read up to the limit', async () => {
    const proc = connectorOf(['/proc']);
    expect((await read('file:///proc/sys/kernel/ostype', proc))?.bytes.length).toBeGreaterThan(0);
    await expect(read('file:///proc/kallsyms', proc)).rejects.toSatisfy((error) =>
      isReason(error, 'RESOURCE_TOO_LARGE'),
    );
  });
});

describe('nothing is seen', () => {
  test('of a file that is missing, a folder, or a root', async () => {
    expect(await reading(uriOf(root, 'missing.md'))).toBeUndefined();
    expect(await reading(uriOf(root, 'sub'))).toBeUndefined();
    expect(await reading(uriOf(root))).toBeUndefined();
    expect(await reading(`${uriOf(root, 'a.md')}/`)).toBeUndefined();
  });

  test('outside the roots, however the path is spelled', async () => {
    const below = uriOf(root);
    for (const uri of [
      uriOf(base, 'secret.txt'),
      `${below}/../secret.txt`,
      `${below}/sub/../../secret.txt`,
      `${below}/%2e%2e/secret.txt`,
      `${below}/%2E./secret.txt`,
      `${below}/sub/.%2e/%2e%2e/secret.txt`,
      `${below}//../../secret.txt`,
      `${below}/%252e%252e/secret.txt`,
      uriOf(base, 'root-secret', 'c.txt'),
      `${below}-secret/c.txt`,
      'file:///etc/passwd',
      'file:///proc/self/environ',
    ]) {
      expect(await reading(uri), uri).toBeUndefined();
    }
  });

  test('through a link that leads out, to a file or in the middle of a path', async () => {
    symlinkSync(join(base, 'secret.txt'), join(root, 'link.txt'));
    symlinkSync(base, join(root, 'out'));
    symlinkSync('../..', join(root, 'sub', 'up'));
    symlinkSync('loop', join(root, 'loop'));
    for (const path of ['link.txt', 'out/secret.txt', 'sub/up/secret.txt', 'loop', 'loop/x']) {
      expect(await reading(uriOf(root, path)), path).toBeUndefined();
    }
  });

  test('where no roots are configured', async () => {
    expect(await read(uriOf(root, 'a.md'), connectorOf([]))).toBeUndefined();
  });

  test('below a root that is missing, until it is there', async () => {
    const late = connectorOf([join(base, 'late')]);
    expect(await read(uriOf(base, 'late', 'a.md'), late)).toBeUndefined();
    renameSync(root, join(base, 'late'));
    expect(await read(uriOf(base, 'late', 'a.md'), late)).toBeDefined();
  });

  test('of a FIFO, a device or a socket, and none of them makes a read wait', async () => {
    expect(spawnSync('/usr/bin/env', ['mkfifo', join(root, 'fifo')]).status).toBe(0);
    symlinkSync('/dev/zero', join(root, 'zero'));
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(root, 'socket'), resolve));
    for (const path of ['fifo', 'zero', 'socket']) expect(await reading(uriOf(root, path)), path).toBeUndefined();
    expect(await read('file:///dev/zero', connectorOf(['/dev']))).toBeUndefined();
    socket.close();
  });

  test('of a file whose place is taken by a link again and again', async () => {
    const target = join(root, 'swap');
    let isRunning = true;
    const swapping = (async () => {
      for (let turn = 0; isRunning; turn += 1) {
        rmSync(target, { force: true });
        if (turn % 2 === 0) symlinkSync(join(base, 'secret.txt'), target);
        else writeFileSync(target, 'fine');
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let attempt = 0; attempt < 300; attempt += 1) expect(await reading(uriOf(target))).not.toBe('secret');
    isRunning = false;
    await swapping;
  });
});

describe('a uri is refused', () => {
  test.each([
    ['with a host', 'file://server/share/a.md'],
    ['with a query', 'file:///srv/a.md?x=1'],
    ['with an encoded slash', 'file:///srv/..%2f..%2fetc%2fpasswd'],
    ['with an encoded NUL', 'file:///srv/a.md%00.txt'],
    ['that is not UTF-8', 'file:///srv/%ff%fe'],
  ])('%s', (_what, uri) => {
    expect(() => connector.normalise(new URL(uri))).toThrow(
      expect.objectContaining({ reason: 'RESOURCE_URI_INVALID' }),
    );
  });

  test('and two spellings of one path are one uri', () => {
    expect(connector.normalise(new URL('file:///srv/%61/./x/../b%20c.md'))).toBe('file:///srv/a/b%20c.md');
    expect(connector.normalise(new URL('file://localhost/srv/a'))).toBe('file:///srv/a');
  });
});

describe('a look at a file', () => {
  test('says unchanged until its size, its time or its place changes', async () => {
    const uri = uriOf(root, 'a.md');
    const first = await connector.probe(uri, limits, never);
    if (first.kind !== 'content') throw new Error(first.kind);
    const again = { ...limits, stamp: first.stamp };
    expect(await connector.probe(uri, again, never)).toEqual({ kind: 'unchanged' });
    utimesSync(join(root, 'a.md'), 1, 1);
    expect(await connector.probe(uri, again, never)).toMatchObject({ kind: 'content' });
    rmSync(join(root, 'a.md'));
    expect(await connector.probe(uri, again, never)).toEqual({ kind: 'missing' });
  });

  test('ends when its signal has aborted', async () => {
    const reason = new Error('gone');
    await expect(connector.read(uriOf(root, 'a.md'), limits, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('the listing', () => {
  const uris = async (): Promise<readonly string[]> => (await connector.listing?.uris(never)) ?? [];

  test('holds the files of all folders, with links as themselves', async () => {
    symlinkSync(join(root, 'a.md'), join(root, 'link.md'));
    expect((await uris()).toSorted()).toEqual([
      uriOf(root, 'a.md'),
      uriOf(root, 'link.md'),
      uriOf(root, 'sub', 'b c.txt'),
    ]);
    expect(await connector.listing?.describe(uriOf(root, 'sub', 'b c.txt'), never)).toMatchObject({
      name: 'b c.txt',
      title: 'root/sub/b c.txt',
      mimeType: 'text/plain',
      sizeBytes: 1,
      canonicalUri: uriOf(root, 'sub', 'b c.txt'),
    });
  });

  test('describes nothing that leads out or is no file', async () => {
    symlinkSync(join(base, 'secret.txt'), join(root, 'link.txt'));
    expect(await connector.listing?.describe(uriOf(root, 'link.txt'), never)).toBeUndefined();
    expect(await connector.listing?.describe(uriOf(root, 'sub'), never)).toBeUndefined();
  });

  test('does not enter linked folders, so a loop ends', async () => {
    symlinkSync(root, join(root, 'sub', 'again'));
    expect((await uris()).filter((uri) => uri.endsWith('a.md'))).toHaveLength(1);
  });

  test('goes as deep as the limit and no deeper', async () => {
    const levels = Array.from({ length: WALK_DEPTH_MAX + 1 }, (_, level) => `d${level}`);
    mkdirSync(join(root, ...levels), { recursive: true });
    const last = join(root, ...levels.slice(0, WALK_DEPTH_MAX - 1));
    writeFileSync(join(last, 'deep.txt'), 'x');
    writeFileSync(join(last, `d${WALK_DEPTH_MAX - 1}`, 'deeper.txt'), 'x');
    const names = (await uris()).map((uri) => uri.slice(uri.lastIndexOf('/') + 1));
    expect(names).toContain('deep.txt');
    expect(names).not.toContain('deeper.txt');
  });

  test('a hard link outside is no way in, because nothing outside the roots is named', async () => {
    linkSync(join(root, 'a.md'), join(base, 'hard.md'));
    expect(await reading(uriOf(base, 'hard.md'))).toBeUndefined();
  });
});
