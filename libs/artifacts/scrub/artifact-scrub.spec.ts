import { buffer } from 'node:stream/consumers';
import { Logger } from '@nestjs/common';
import { eventually, openTestEngine, type TestEngine } from '@foreman/testing';
import { ArtifactObjects } from '../artifact-objects';
import { ArtifactPublication } from '../artifact-publication';
import { ArtifactReads } from '../artifact-reads';
import { ArtifactUploads } from '../artifact-uploads';
import { ArtifactsModule } from '../artifacts.module';
import { BlobStore } from '../blob-store';
import { BlobSweep } from '../blob-sweep';
import { Inputs } from '../inputs/inputs';
import { ArtifactStats } from '../stats/artifact-stats';
import { ArtifactScrub } from './artifact-scrub';
import { BEGIN, NEXT } from './scrub.store';

/** No pause is long enough for a timer. */
const UNBOUND = 1e12;
const MEBIBYTE = 1_048_576;

describe('the scrub', () => {
  let engine: TestEngine;
  let logged: jest.SpyInstance;
  beforeAll(() => {
    logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterAll(() => logged.mockRestore());
  beforeEach(async () => {
    logged.mockClear();
    engine = await open(UNBOUND);
  });
  afterEach(() => engine.close());

  function open(scrubBytesPerSecond: number): Promise<TestEngine> {
    return openTestEngine(
      ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test', scrubBytesPerSecond }),
    );
  }

  /** A staged artifact; its job and its blob. */
  async function artifact(size: number, contentType = 'application/octet-stream') {
    const lease = await engine.lease((await engine.submit()).id);
    const body = pieces(Buffer.alloc(size, 'x'));
    const upload = { ...lease, name: 'a', contentType, body };
    const { artifact: record } = await engine.get(ArtifactUploads).put(upload);
    return { ...lease, record };
  }

  async function published(size: number, contentType?: string) {
    const { record, ...lease } = await artifact(size, contentType);
    await engine.unitOfWork.run((tx) =>
      engine.get(ArtifactPublication).publish(
        tx,
        {
          task: { id: lease.taskId, jobId: lease.jobId, taskIndex: 0 },
          isOnlyTask: true,
          declared: [],
          leaseToken: lease.leaseToken,
          now: engine.clock.now(),
        },
        null,
      ),
    );
    return record;
  }

  /** One bit of what the file holds is another; in its last chunk. */
  const flip = (blobKey: string) =>
    engine.unitOfWork.run(async (tx) => {
      const [chunk] = await tx.query<{ start_byte: number; bytes: Buffer }>(
        'SELECT start_byte, bytes FROM blob_chunks WHERE blob_key = ? ORDER BY start_byte DESC LIMIT 1',
        [blobKey],
      );
      if (chunk === undefined) throw new Error('There is nothing to damage');
      const bytes = Buffer.from(chunk.bytes);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await tx.execute('UPDATE blob_chunks SET bytes = ? WHERE blob_key = ? AND start_byte = ?', [
        bytes,
        blobKey,
        chunk.start_byte,
      ]);
    });

  const scrub = () => engine.get(ArtifactScrub);
  const state = () => scrub().state();
  async function pass() {
    await scrub().begin();
    return scrub().runOnce();
  }

  it('reads every byte of artifacts and inputs, and says so', async () => {
    await artifact(600_000);
    await artifact(0);
    await published(10);
    const input = await engine.unitOfWork.run((tx) =>
      engine.get(Inputs).create(tx, { contentType: 'text/csv' }),
    );
    await engine.get(Inputs).put({ inputId: input.id, body: pieces(Buffer.alloc(300_000)) });
    expect(await state()).toMatchObject({ status: 'idle', startedAt: null, finishedAt: null });
    const startedAt = engine.clock.now();
    expect(await pass()).toEqual({
      blobs: 5,
      bytes: 900_010 + 'null'.length,
      corrupt: 0,
      unreadable: 0,
    });
    expect(await state()).toMatchObject({ status: 'idle', blobs: 5, startedAt, corruptBlobs: [] });
    expect((await state()).finishedAt).not.toBeNull();
    expect(await scrub().runOnce()).toMatchObject({ blobs: 0 });
  });

  it.each([
    ['in a small one', 1000],
    ['in the last of several chunks', 600_000],
  ])('finds one flipped bit, %s', async (_what, size) => {
    await artifact(size);
    const damaged = await published(size);
    await artifact(size);
    await flip(damaged.blobKey);
    expect(await pass()).toMatchObject({ blobs: 4, corrupt: 1, unreadable: 0 });
    const { corruptBlobs } = await state();
    expect(corruptBlobs).toEqual([
      {
        jobId: damaged.jobId,
        name: 'a',
        inputId: null,
        size,
        expectedSha256: damaged.sha256,
        foundSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        foundAt: engine.clock.now(),
      },
    ]);
    expect(logged.mock.calls).toEqual([
      [expect.objectContaining({ blob: damaged.blobKey, expected: damaged.sha256 })],
    ]);
    expect(corruptBlobs[0]?.foundSha256).not.toBe(damaged.sha256);
    expect((await engine.get(ArtifactStats).stored()).corrupt).toBe(1);
    const reads = engine.get(ArtifactReads);
    const record = await reads.get(engine.reads, damaged.jobId, 'a');
    await expect(reads.assertSound(engine.reads, record)).rejects.toMatchObject({
      code: 'artifact.corrupt',
    });
  });

  it('finds a missing chunk, and names the input whose bytes they are', async () => {
    const input = await engine.unitOfWork.run((tx) =>
      engine.get(Inputs).create(tx, { contentType: 'text/csv' }),
    );
    await engine.get(Inputs).put({ inputId: input.id, body: pieces(Buffer.alloc(600_000)) });
    await engine.unitOfWork.run((tx) =>
      tx.execute('DELETE FROM blob_chunks WHERE start_byte = 262144'),
    );
    expect(await pass()).toMatchObject({ blobs: 1, corrupt: 1 });
    expect((await state()).corruptBlobs).toMatchObject([{ inputId: input.id, foundSha256: null }]);
  });

  it('takes the mark off again when the bytes are right, and with the blob', async () => {
    const first = await artifact(1000);
    const second = await artifact(1000);
    await flip(first.record.blobKey);
    await flip(second.record.blobKey);
    await pass();
    expect((await state()).corruptBlobs).toHaveLength(2);
    await flip(first.record.blobKey);
    expect(await pass()).toMatchObject({ corrupt: 1 });
    expect((await state()).corruptBlobs).toHaveLength(1);
    await engine.unitOfWork.run((tx) =>
      engine.get(ArtifactPublication).discardStaged(tx, second.taskId, engine.clock.now()),
    );
    expect(await engine.get(BlobSweep).runOnce()).toMatchObject({ blobs: 1 });
    expect((await engine.get(ArtifactStats).stored()).corrupt).toBe(0);
  });

  it('takes what went meanwhile for no damage', async () => {
    const gone = await artifact(MEBIBYTE);
    const { blobKey } = gone.record;
    const reads = engine.reads.query.bind(engine.reads);
    let chunks = 0;
    engine.reads.query = async <Row>(sql: string, params?: Parameters<typeof reads>[1]) => {
      if (sql.includes('blob_chunks') && ++chunks === 2) {
        await engine.unitOfWork.run((tx) =>
          engine.get(ArtifactPublication).discardStaged(tx, gone.taskId, engine.clock.now()),
        );
        // As a sweep does it: the bytes first, and only then what is known of them.
        await engine.get(BlobStore).delete([blobKey]);
      }
      return reads<Row>(sql, params);
    };
    expect(await pass()).toMatchObject({ blobs: 1, corrupt: 0, unreadable: 0 });
    expect((await state()).corruptBlobs).toEqual([]);
    expect((await engine.get(ArtifactStats).stored()).corrupt).toBe(0);
  });

  it('goes on after a blob that the store cannot read, without a verdict on it', async () => {
    const bad = await artifact(1000);
    await artifact(1000);
    const query = engine.reads.query.bind(engine.reads);
    engine.reads.query = async <Row>(sql: string, params?: Parameters<typeof query>[1]) => {
      if (sql.includes('FROM blob_chunks') && params?.[0] === bad.record.blobKey) {
        throw new Error('disk I/O error');
      }
      return query<Row>(sql, params);
    };
    expect(await pass()).toMatchObject({ blobs: 2, corrupt: 0, unreadable: 1 });
    expect((await state()).corruptBlobs).toEqual([]);
  });

  it('goes on where it stood when another process was ended, counting nothing twice', async () => {
    await engine.close();
    engine = await open(MEBIBYTE);
    for (let n = 0; n < 3; n += 1) await artifact(8 * MEBIBYTE);
    await scrub().begin();
    const cutOff = scrub().runOnce();
    // At a mebibyte a second: past the first two, within the last one.
    for (let ms = 0; ms < 18_000; ms += 250) {
      await eventually('it pauses', () => engine.clock.pendingTimers > 0);
      engine.clock.advance(250);
    }
    expect(await state()).toMatchObject({ status: 'running' });
    engine = await engine.reopen();
    await cutOff;
    expect(await state()).toMatchObject({ status: 'waiting', finishedAt: null });
    const { blobs: before } = await state();
    expect(before).toBeGreaterThan(0);
    expect(await scrub().begin()).toBe(false);
    const rest = scrub().runOnce();
    let isOver = false;
    void rest.then(() => (isOver = true));
    await eventually('it is over', () => {
      if (engine.clock.pendingTimers > 0) engine.clock.advance(1000);
      return isOver;
    });
    expect((await rest).blobs).toBe(3 - before);
    expect(await state()).toMatchObject({ status: 'idle', blobs: 3, bytes: 24 * MEBIBYTE });
  });

  it('comes to its end however fast others come: they are the next one’s', async () => {
    // As many as one look takes: so it looks again.
    for (let n = 0; n < 50; n += 1) await artifact(10);
    const query = engine.reads.query.bind(engine.reads);
    let later = 0;
    engine.reads.query = async <Row>(sql: string, params?: Parameters<typeof query>[1]) => {
      if (sql.includes('FROM blob_chunks') && later < 120) {
        later += 1;
        await artifact(10);
      }
      return query<Row>(sql, params);
    };
    expect(await pass()).toMatchObject({ blobs: 50 });
    expect(later).toBe(50);
    expect(await pass()).toMatchObject({ blobs: 100 });
  });

  it('reads no faster than it may', async () => {
    await engine.close();
    engine = await open(MEBIBYTE);
    await artifact(2 * MEBIBYTE);
    await scrub().begin();
    const startedMs = engine.clock.monotonicMs();
    let isOver = false;
    void scrub()
      .runOnce()
      .then(() => (isOver = true));
    await eventually('it is over', () => {
      if (engine.clock.pendingTimers > 0) engine.clock.advance(10);
      return isOver;
    });
    const tookMs = engine.clock.monotonicMs() - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(2000);
    expect(tookMs).toBeLessThan(2300);
  });

  it('gives everyone else a turn with each piece', async () => {
    await artifact(3 * MEBIBYTE);
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await pass();
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(12);
  });

  it('is one at a time', async () => {
    await artifact(1000);
    expect(await Promise.all([scrub().begin(), scrub().begin()])).toEqual([true, false]);
    const [first, second] = await Promise.all([scrub().runOnce(), scrub().runOnce()]);
    expect(second).toBe(first);
  });

  it('is not needed for what is read whole: damaged values go by URL, never inline', async () => {
    const damaged = await published(100, 'text/plain');
    const objects = engine.get(ArtifactObjects);
    const shown = async () =>
      (await objects.of(damaged.jobId, await objects.list(engine.reads, damaged.jobId), null)).find(
        ({ name }) => name === 'a',
      );
    expect(await shown()).toMatchObject({ inline: 'x'.repeat(100), url: null });
    await flip(damaged.blobKey);
    expect(await shown()).toMatchObject({ inline: null, url: expect.any(String) });
    expect(await engine.get(ArtifactReads).bytesOf(damaged)).toBeNull();
    const bytes = await buffer(engine.get(ArtifactReads).open(damaged));
    expect(bytes).toHaveLength(100);
  });

  it.each([
    ['the next blobs', NEXT, /SEARCH blobs USING INDEX \S+ \(key>\? AND key<\?\)/],
    ['the last blob', BEGIN, /SEARCH blobs USING COVERING INDEX \S+/],
  ])('finds %s by the key', async (_what, sql, index) => {
    const params = [...sql.matchAll(/\?/g)].map(() => '');
    const plan = await engine.reads.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
    const details = plan.map(({ detail }) => detail).join('\n');
    expect(details).toMatch(index);
    expect(details).not.toMatch(/SCAN (?!CONSTANT)|TEMP B-TREE/);
  });
});

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
