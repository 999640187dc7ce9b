import { JobLifecycle, LeaseFence } from '@foreman/jobs';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ArtifactPublication } from '../artifact-publication';
import { ArtifactUploads } from '../artifact-uploads';
import { ArtifactsModule } from '../artifacts.module';
import type { ArtifactsOptions } from '../artifacts.options';
import { BlobSweep } from '../blob-sweep';
import type { DeclaredArtifact } from '../declared-artifact';
import { UploadUrls } from '../urls/upload-urls';

/** More than is written at once: bodies of this size are stored while they come. */
const LIMIT = 40_000;
const COUNT = 3;
const PIECE = 1000;

describe('the limits of a task and of a job', () => {
  let engine: TestEngine;

  const open = async (options: Partial<ArtifactsOptions>) => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({
        publicUrl: 'http://foreman.test',
        secretKey: Buffer.alloc(32, 1),
        maxBytes: 100_000,
        ...options,
      }),
    );
  };

  afterEach(() => engine.close());

  /** A job of these many tasks, all leased. */
  async function leases(count: number): Promise<TestLease[]> {
    const job = await engine.submit({ tasks: Array.from({ length: count }, () => ({})) });
    const all: TestLease[] = [];
    for (let index = 0; index < count; index += 1) all.push(await engine.lease(job.id, index));
    return all;
  }

  /** A body without a length; tells how much of it was read. */
  function bodyOf(bytes: number) {
    const body = { read: 0, pieces };
    async function* pieces() {
      for (; body.read < bytes; body.read += Math.min(PIECE, bytes - body.read)) {
        yield Buffer.alloc(Math.min(PIECE, bytes - body.read), body.read % 251);
      }
    }
    return body;
  }

  const put = (lease: TestLease, name: string, bytes: number, body = bodyOf(bytes).pieces()) =>
    engine.get(ArtifactUploads).put({ ...lease, name, contentType: 'text/plain', body });

  const complete = (lease: TestLease, declared: DeclaredArtifact[], isOnlyTask = true) =>
    engine.unitOfWork.run(async (tx) => {
      const now = engine.clock.now();
      const task = await engine.get(LeaseFence).hold(tx, { ...lease, now });
      const publication = { task, isOnlyTask, declared, leaseToken: lease.leaseToken, now };
      await engine.get(ArtifactPublication).publish(tx, publication, null);
    });

  const text = (name: string, bytes: number): DeclaredArtifact => ({
    name,
    contentType: 'text/plain',
    inline: 'x'.repeat(bytes),
  });

  const rows = async (sql: string) => engine.reads.query<Record<string, unknown>>(sql);
  const names = async () =>
    (await rows('SELECT name FROM artifacts ORDER BY name')).map(({ name }) => name);

  const tooLarge = (setting: string, details: object) => ({
    code: 'artifact.too_large',
    message: expect.stringContaining(setting),
    details,
  });

  describe.each([
    ['task', { taskMaxBytes: LIMIT }, 'FOREMAN_TASK_ARTIFACTS_MAX_BYTES'],
    ['job', { jobMaxBytes: LIMIT }, 'FOREMAN_JOB_ARTIFACTS_MAX_BYTES'],
  ])('bytes of a %s', (whose, options, setting) => {
    let first: TestLease;
    let last: TestLease;
    const refusal = tooLarge(setting, { limitBytes: LIMIT });

    beforeEach(async () => {
      await open(options);
      const all = (await leases(2)) as [TestLease, TestLease];
      // What another task has counts in its job alone.
      [first, last] = whose === 'task' ? [all[0], all[0]] : all;
      await put(first, 'a', 15_000);
      if (whose === 'task') await put(all[1], 'other', 15_000);
    });

    it.each([24_999, 25_000])('takes %d more', async (bytes) => {
      await expect(put(last, 'b', bytes)).resolves.toMatchObject({ artifact: { size: bytes } });
    });

    it('refuses one byte more, and keeps none of it', async () => {
      await expect(put(last, 'b', 25_001)).rejects.toMatchObject(refusal);
      await engine.get(BlobSweep).runOnce();
      expect(await names()).not.toContain('b');
      expect(await rows('SELECT * FROM blobs WHERE size IS NULL OR size > 15000')).toEqual([]);
      expect(await rows('SELECT * FROM blob_chunks WHERE start_byte > 0')).toEqual([]);
      const chunks = await rows('SELECT DISTINCT blob_key FROM blob_chunks');
      expect(chunks).toHaveLength((await names()).length);
    });

    it('reads no further than the limit', async () => {
      const body = bodyOf(90_000);
      await expect(put(last, 'b', 0, body.pieces())).rejects.toMatchObject(refusal);
      expect(body.read).toBeLessThanOrEqual(25_000 + PIECE);
    });

    it('counts out what is replaced, and keeps it when the new bytes are too many', async () => {
      await expect(put(first, 'a', LIMIT + 1)).rejects.toMatchObject(refusal);
      expect(await rows(`SELECT size FROM artifacts WHERE name = 'a'`)).toEqual([{ size: 15_000 }]);
      await expect(put(first, 'a', LIMIT)).resolves.toMatchObject({ isNew: true });
      await expect(put(first, 'a', LIMIT)).resolves.toMatchObject({ isNew: false });
      await expect(put(last, 'b', 1)).rejects.toMatchObject(refusal);
      await expect(put(last, 'empty', 0)).resolves.toMatchObject({ isNew: true });
    });

    it('lets one of two through that come at once', async () => {
      const done = await Promise.allSettled([put(last, 'b', 20_000), put(last, 'c', 20_000)]);
      expect(done.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(done.find(({ status }) => status === 'rejected')).toMatchObject({ reason: refusal });
    });

    it.each([24_999, 25_000])('lets a completion bring %d along', async (bytes) => {
      await expect(complete(last, [text('b', bytes)], false)).resolves.toBeUndefined();
    });

    it('refuses a completion that brings one byte more, and changes nothing', async () => {
      const before = await names();
      await expect(complete(last, [text('b', 25_001)], false)).rejects.toMatchObject(refusal);
      expect(await names()).toEqual(before);
    });

    it('issues a URL for what fits, and judges the bytes again when they come', async () => {
      const urls = engine.get(UploadUrls);
      const request = { ...last, name: 'b', contentType: 'text/plain' };
      await expect(urls.issue({ ...request, size: 25_001 })).rejects.toMatchObject(refusal);
      const { url } = await urls.issue({ ...request, size: 25_000 });
      await put(last, 'c', 1);
      const query = Object.fromEntries(new URL(url).searchParams);
      const called = urls.open({ taskId: last.taskId, name: 'b', query });
      await expect(urls.put(called, bodyOf(25_000).pieces())).rejects.toMatchObject(refusal);
      expect(await names()).not.toContain('b');
    });
  });

  describe.each([
    ['task', { taskMaxCount: COUNT }, 'FOREMAN_TASK_ARTIFACTS_MAX_COUNT'],
    ['job', { jobMaxCount: COUNT }, 'FOREMAN_JOB_ARTIFACTS_MAX_COUNT'],
  ])('the number of artifacts of a %s', (whose, options, setting) => {
    let first: TestLease;
    let last: TestLease;
    const refusal = tooLarge(setting, { limitCount: COUNT });

    beforeEach(async () => {
      await open(options);
      const all = (await leases(2)) as [TestLease, TestLease];
      [first, last] = whose === 'task' ? [all[0], all[0]] : all;
      await put(first, 'a', 1);
      await put(first, 'b', 1);
    });

    it('holds to the last one, of which no byte is read', async () => {
      await put(last, 'c', 1);
      const body = bodyOf(10);
      await expect(put(last, 'd', 0, body.pieces())).rejects.toMatchObject(refusal);
      expect(body.read).toBe(0);
      await expect(put(last, 'c', 2)).resolves.toMatchObject({ isNew: true });
    });

    it('lets one of two through that come at once', async () => {
      const done = await Promise.allSettled([put(last, 'c', 20_000), put(last, 'd', 20_000)]);
      expect(done.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    });

    it('counts what a completion brings along', async () => {
      const two = [text('c', 1), text('d', 1)];
      await expect(complete(last, two, false)).rejects.toMatchObject(refusal);
      await expect(complete(last, [text('c', 1)], false)).resolves.toBeUndefined();
    });

    it('is judged before a URL is issued', async () => {
      const request = { ...last, name: 'd', contentType: 'text/plain', size: 0 };
      await put(last, 'c', 1);
      await expect(engine.get(UploadUrls).issue(request)).rejects.toMatchObject(refusal);
    });
  });

  it('an artifact alone is judged by the least of its limits', async () => {
    await open({ maxBytes: 10, taskMaxBytes: 1000 });
    const [lease] = (await leases(1)) as [TestLease];
    await expect(put(lease, 'a', 11)).rejects.toMatchObject(
      tooLarge('FOREMAN_ARTIFACT_MAX_BYTES', { limitBytes: 10 }),
    );
  });

  it('what an earlier lease staged does not count', async () => {
    await open({ taskMaxCount: 1, jobMaxCount: 1 });
    const [earlier] = (await leases(1)) as [TestLease];
    await put(earlier, 'old', 1);
    const lease = await engine.lease(earlier.jobId);
    await expect(put(lease, 'new', 1)).resolves.toMatchObject({ isNew: true });
  });

  it('what an earlier run published is counted out once its name is staged again', async () => {
    await open({ jobMaxCount: 2 });
    const [first] = (await leases(1)) as [TestLease];
    await put(first, 'a', 1);
    await put(first, 'b', 1);
    await engine.unitOfWork.run(async (tx) => {
      const now = engine.clock.now();
      const task = await engine.get(LeaseFence).hold(tx, { ...first, now });
      const kept = { task, isOnlyTask: true, leaseToken: first.leaseToken, now };
      await engine.get(ArtifactPublication).publishStaged(tx, kept);
      await engine.get(JobLifecycle).cancel(tx, first.jobId, now);
      await engine.get(JobLifecycle).retry(tx, first.jobId, now);
    });
    const second = await engine.lease(first.jobId);
    await put(second, 'a', 2);
    await put(second, 'b', 2);
    await expect(put(second, 'c', 1)).rejects.toMatchObject({ code: 'artifact.too_large' });
    await complete(second, []);
    expect(await names()).toEqual(['a', 'b', 'completion']);
  });

  it('the completion that Foreman writes itself is never refused', async () => {
    await open({ taskMaxCount: 1, jobMaxCount: 1 });
    const [lease] = (await leases(1)) as [TestLease];
    await put(lease, 'a', 1);
    await expect(complete(lease, [])).resolves.toBeUndefined();
    expect(await names()).toEqual(['a', 'completion']);
  });
});
