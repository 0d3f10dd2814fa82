import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { CliError } from '../cli-error.ts';
import { type CallMethod, MethodError } from '../json-rpc-client.ts';
import { DOCUMENTS_MAX } from './batches.ts';
import type { IngestDocument } from './document.ts';
import type { FoundFile } from './find-files.ts';
import { ingest } from './ingest.ts';
import { FAILURES_MAX } from './report.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-ingest-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function writeRecords(count: number, line = (index: number) => `{"id":${index},"text":"text ${index}"}`) {
  const path = join(folder, 'records.jsonl');
  await writeFile(path, Array.from({ length: count }, (_, index) => `${line(index)}\n`).join(''));
  const file: FoundFile = { path, bytes: (await stat(path)).size, modifiedAt: new Date(0), source: 'records' };
  return [file];
}

/** A gateway that stores documents by source and id, unless `before` throws or answers. */
function fakeGateway(before: (documents: readonly IngestDocument[], callCount: number) => unknown = () => undefined) {
  const stored = new Map<string, IngestDocument>();
  let callCount = 0;
  const call: CallMethod = async (method, params) => {
    expect(method).toBe('documents/upsert');
    // What ingest sends.
    const documents = params['documents'] as readonly IngestDocument[];
    callCount += 1;
    const answer = before(documents, callCount);
    if (answer !== undefined) return answer;
    const results = documents.map((document) => {
      const outcome = stored.has(document.id) ? 'unchanged' : 'created';
      stored.set(document.id, document);
      return { id: document.id, outcome, passage_count: 2 };
    });
    return { results };
  };
  return { call, stored, callCount: () => callCount };
}

function run(files: readonly FoundFile[], call: CallMethod, signal = new AbortController().signal) {
  const waits: number[] = [];
  const progress: { bytes: number; documents: number }[] = [];
  const report = ingest(files, call, {
    signal,
    onProgress: (done) => progress.push(done),
    sleep: async (delayMs) => void waits.push(delayMs),
  });
  return report.then((value) => ({ report: value, waits, progress }));
}

function methodError(status: number, data: unknown): MethodError {
  return new MethodError({ code: 1, message: 'refused', data }, status);
}

const outage = () => {
  throw new CliError('no answer from nowhere');
};

describe('what is stored', () => {
  test('every document is stored once, and a second run finds all of them unchanged', async () => {
    const files = await writeRecords(DOCUMENTS_MAX * 3 + 1);
    const gateway = fakeGateway();
    const first = await run(files, gateway.call);
    expect(first.report).toEqual({
      created: 301,
      updated: 0,
      unchanged: 0,
      passages: 602,
      failures: [],
      failureCount: 0,
    });
    expect(gateway.callCount()).toBe(4);
    expect([...gateway.stored.keys()].toSorted()).toEqual(Array.from({ length: 301 }, (_, i) => String(i)).toSorted());
    expect((await run(files, gateway.call)).report).toMatchObject({ created: 0, unchanged: 301 });
  });

  test('progress ends at all bytes and all documents', async () => {
    const files = await writeRecords(5);
    const { progress } = await run(files, fakeGateway().call);
    expect(progress.at(-1)).toEqual({ bytes: files[0]?.bytes, documents: 5 });
    expect(progress.map(({ documents }) => documents)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('failures of documents', () => {
  test('what the gateway refused is listed with its line and reason; the rest of the batch counts', async () => {
    const gateway = fakeGateway((documents) => ({
      results: documents.map(({ id }) =>
        id === '1'
          ? { id, outcome: 'refused', error: 'is too strange', passage_count: 0 }
          : { id, outcome: 'updated', passage_count: 1 },
      ),
    }));
    const { report } = await run(await writeRecords(3), gateway.call);
    expect(report).toMatchObject({ updated: 2, passages: 2, failureCount: 1 });
    expect(report.failures).toEqual([{ where: `${join(folder, 'records.jsonl')}:2`, error: 'is too strange' }]);
  });

  test('a document the gateway says nothing about is a failure', async () => {
    const { report } = await run(await writeRecords(1), fakeGateway(() => ({ results: [] })).call);
    expect(report).toMatchObject({ failureCount: 1, failures: [{ error: expect.stringContaining('did not say') }] });
  });

  test('a request that is refused for one document in it fails for that one only, without waiting', async () => {
    const gateway = fakeGateway((documents) => {
      if (documents.some(({ id }) => id === '37')) throw methodError(200, { reason: 'PARAMS_INVALID' });
      return undefined;
    });
    const { report, waits, progress } = await run(await writeRecords(DOCUMENTS_MAX), gateway.call);
    expect(waits).toEqual([]);
    expect(report).toMatchObject({ created: DOCUMENTS_MAX - 1, failureCount: 1 });
    expect(report.failures).toEqual([{ where: `${join(folder, 'records.jsonl')}:38`, error: 'refused' }]);
    expect(report.stopped).toBeUndefined();
    expect(progress.at(-1)?.documents).toBe(DOCUMENTS_MAX);
  });

  test('as many failures as the cap are kept, and all are counted', async () => {
    const { report } = await run(await writeRecords(FAILURES_MAX + 5, () => 'broken'), fakeGateway().call);
    expect(report.failures).toHaveLength(FAILURES_MAX);
    expect(report.failureCount).toBe(FAILURES_MAX + 5);
  });
});

describe('failures that pass', () => {
  test('a transport that fails and recovers loses nothing', async () => {
    const gateway = fakeGateway((_, count) => (count <= 3 ? outage() : undefined));
    const { report, waits } = await run(await writeRecords(2), gateway.call);
    expect(report).toMatchObject({ created: 2, failureCount: 0 });
    expect(waits).toEqual([500, 1_000, 2_000]);
  });

  test.each(['SERVICE_UNAVAILABLE', 'CIRCUIT_OPEN', 'DATABASE_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'SHUTTING_DOWN'])(
    'an answer with the reason %s is tried again',
    async (reason) => {
      const gateway = fakeGateway((_, count) => {
        if (count === 1) throw methodError(200, { reason });
        return undefined;
      });
      expect((await run(await writeRecords(1), gateway.call)).report).toMatchObject({ created: 1 });
    },
  );

  test('the wait a rate limit asks for is kept, does not count as an attempt, and is bounded', async () => {
    const gateway = fakeGateway((_, count) => {
      if (count <= 10) throw methodError(429, { retry_after_ms: count === 1 ? 86_400_000 : 700 });
      return undefined;
    });
    const { report, waits } = await run(await writeRecords(1), gateway.call);
    expect(report).toMatchObject({ created: 1 });
    expect(waits).toEqual([60_000, ...Array.from({ length: 9 }, () => 700)]);
  });

  test('a limit that never lets anything through ends the run', async () => {
    const gateway = fakeGateway(() => {
      throw methodError(429, { retry_after_ms: 1 });
    });
    const { report, waits } = await run(await writeRecords(1), gateway.call);
    expect(report).toMatchObject({ stopped: 'refused', failureCount: 0 });
    expect(waits).toHaveLength(100);
  });
});

describe('failures that end the run', () => {
  test('an outage that lasts is reported once and the rest is not tried', async () => {
    const gateway = fakeGateway(outage);
    const { report } = await run(await writeRecords(DOCUMENTS_MAX * 20), gateway.call);
    expect(report).toMatchObject({ created: 0, failureCount: 0, stopped: 'no answer from nowhere' });
    // Five attempts for each of the four batches that were under way, at most.
    expect(gateway.callCount()).toBeLessThanOrEqual(20);
  });

  test.each([401, 403])('a key that is answered %i is not tried again', async (status) => {
    const gateway = fakeGateway(() => {
      throw methodError(status, {});
    });
    const { report, waits } = await run(await writeRecords(DOCUMENTS_MAX * 20), gateway.call);
    expect(report.stopped).toBe('refused');
    expect(waits).toEqual([]);
    expect(gateway.callCount()).toBeLessThanOrEqual(4);
  });

  test('what is too slow together is stored in parts', async () => {
    const gateway = fakeGateway((documents) => {
      if (documents.length > 30) throw methodError(200, { reason: 'DEADLINE_EXCEEDED' });
      return undefined;
    });
    const { report } = await run(await writeRecords(DOCUMENTS_MAX), gateway.call);
    expect(report).toMatchObject({ created: DOCUMENTS_MAX, failureCount: 0 });
    expect(report.stopped).toBeUndefined();
  });

  test('a run that is interrupted finishes what is in flight and says so, and the next run completes it', async () => {
    const files = await writeRecords(DOCUMENTS_MAX * 20);
    const interrupted = new AbortController();
    const gateway = fakeGateway((_, count) => {
      if (count === 3) interrupted.abort(new CliError('interrupted'));
      return undefined;
    });
    const first = await run(files, gateway.call, interrupted.signal);
    expect(first.report).toMatchObject({ stopped: 'interrupted', failureCount: 0 });
    expect(first.report.created).toBe(gateway.stored.size);
    expect(first.report.created).toBeLessThan(DOCUMENTS_MAX * 20);
    const second = await run(files, gateway.call);
    expect(first.report.created + second.report.created).toBe(DOCUMENTS_MAX * 20);
  });
});
