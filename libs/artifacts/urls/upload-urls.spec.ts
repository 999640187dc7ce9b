import { createHash } from 'node:crypto';
import { TaskLifecycle, LeaseFence } from '@foreman/jobs';
import type { TestLease } from '@foreman/testing';
import { MAX_BYTES, UrlLab, bodyOf, takenApart } from '../spec/url-lab';
import type { UploadUrlRequest } from './upload-urls';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('UploadUrls', () => {
  let lab: UrlLab;

  beforeAll(async () => {
    lab = await UrlLab.open();
  });
  afterAll(() => lab.close());

  const issue = (lease: TestLease, request: Partial<UploadUrlRequest> = {}) =>
    lab.uploads.issue({
      taskId: lease.taskId,
      edgeId: lease.edgeId,
      leaseToken: lease.leaseToken,
      name: 'a.csv',
      contentType: 'text/csv; charset=utf-8',
      size: 3,
      ...request,
    });
  const called = (url: string, change: Record<string, string | undefined> = {}) => {
    const { path, query } = takenApart(url);
    const [, taskId = '', , name = ''] = path;
    return { taskId, name, query: { ...query, ...change } };
  };
  const put = (url: string, body: AsyncIterable<Buffer>, digests = {}) =>
    lab.uploads.put(lab.uploads.open(called(url)), body, digests);
  const staged = (lease: TestLease) =>
    lab.engine.reads.query(
      `SELECT name, content_type, size, sha256, lease_token FROM artifacts WHERE task_id = ? AND state = 'staged'`,
      [lease.taskId],
    );
  const end = (lease: TestLease) =>
    lab.engine.unitOfWork.run(async (tx) => {
      const now = lab.clock.now();
      const task = await lab.engine.get(LeaseFence).hold(tx, { ...lease, now });
      await lab.engine.get(TaskLifecycle).release(tx, task, now);
    });

  it('take what they were made for, staged under the lease', async () => {
    const lease = await lab.lease();
    const { url, expiresAt } = await issue(lease, { expiresSeconds: 60 });
    expect(expiresAt).toBe(lab.clock.now() + 60_000);
    const { artifact, isNew } = await put(url, bodyOf('a', ',b'));
    expect([artifact.name, isNew]).toEqual(['a.csv', true]);
    expect(await staged(lease)).toEqual([
      {
        name: 'a.csv',
        content_type: 'text/csv; charset=utf-8',
        size: 3,
        sha256: sha256('a,b'),
        lease_token: lease.leaseToken,
      },
    ]);
    await expect(put(url, bodyOf('a,b'))).resolves.toMatchObject({ isNew: false });
  });

  it('do not show the lease token', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease);
    expect(decodeURIComponent(url)).not.toContain(lease.leaseToken);
  });

  it.each([
    ['', 3],
    ['ab', 3],
    ['abcd', 3],
    ['x', 0],
    ['x'.repeat(40_000), 39_999],
    ['x'.repeat(40_000), 40_001],
  ])('refuse a body of another size', async (text, size) => {
    const lease = await lab.lease();
    const { url } = await issue(lease, { size });
    await expect(put(url, bodyOf(text))).rejects.toMatchObject({
      code: 'request.invalid',
      message: `body must have the ${size} bytes that its URL was made for`,
    });
    expect(await staged(lease)).toEqual([]);
  });

  it('stop reading once there are too many', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease);
    let read = 0;
    const endless = (async function* () {
      for (;;) {
        read += 1;
        yield Buffer.from('xx');
      }
    })();
    await expect(put(url, endless)).rejects.toMatchObject({ code: 'request.invalid' });
    expect(read).toBe(2);
  });

  it('take an empty one', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease, { size: 0 });
    await expect(put(url, bodyOf())).resolves.toMatchObject({ artifact: { size: 0 } });
  });

  it('hold the bytes against the digest that they were made for', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease, { sha256: sha256('a,b').toUpperCase() });
    await expect(put(url, bodyOf('a;b'))).rejects.toMatchObject({
      code: 'artifact.digest_mismatch',
    });
    const other = { sha256: Buffer.from(sha256('a;b'), 'hex') };
    await expect(put(url, bodyOf('a;b'), other)).rejects.toMatchObject({
      code: 'request.invalid',
    });
    await expect(put(url, bodyOf('a,b'))).resolves.toMatchObject({ isNew: true });
  });

  it('hold them against the digest that comes with them too', async () => {
    const { url } = await issue(await lab.lease());
    const digests = { sha256: Buffer.from(sha256('a;b'), 'hex') };
    await expect(put(url, bodyOf('a,b'), digests)).rejects.toMatchObject({
      code: 'artifact.digest_mismatch',
    });
  });

  it('die with their lease, before a byte is read', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease);
    await end(lease);
    let isRead = false;
    const body = (async function* () {
      isRead = true;
      yield Buffer.from('a,b');
    })();
    await expect(put(url, body)).rejects.toMatchObject({
      code: 'lease.lost',
      details: { task: { id: lease.taskId, status: 'queued', attempt: 1 } },
    });
    expect(isRead).toBe(false);
  });

  it.each([3, 40_000])('die with a lease that ends while %d bytes flow', async (size) => {
    const lease = await lab.lease();
    const { url } = await issue(lease, { size });
    const body = (async function* () {
      yield Buffer.alloc(size - 1);
      await end(lease);
      yield Buffer.alloc(1);
    })();
    await expect(put(url, body)).rejects.toMatchObject({ code: 'lease.lost' });
    expect(await staged(lease)).toEqual([]);
  });

  it('are of no use under the next lease of the task', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease);
    await end(lease);
    await lab.engine.lease(lease.jobId);
    await expect(put(url, bodyOf('a,b'))).rejects.toMatchObject({ code: 'lease.lost' });
  });

  it('know their lease from another one that has its number, as after a restore', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease);
    await lab.engine.unitOfWork.run(async (tx) => {
      const other = lab.engine.ids.uuid();
      await tx.execute('UPDATE attempts SET lease_token = ? WHERE task_id = ?', [
        other,
        lease.taskId,
      ]);
      await tx.execute('UPDATE tasks SET lease_token = ? WHERE id = ?', [other, lease.taskId]);
    });
    await expect(put(url, bodyOf('a,b'))).rejects.toMatchObject({ code: 'lease.lost' });
  });

  it('end with their task', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease);
    await lab.engine.unitOfWork.run(async (tx) => {
      await tx.execute('DELETE FROM attempts WHERE task_id = ?', [lease.taskId]);
      await tx.execute('DELETE FROM tasks WHERE id = ?', [lease.taskId]);
    });
    await expect(put(url, bodyOf('a,b'))).rejects.toMatchObject({ code: 'task.not_found' });
  });

  it('expire to the millisecond', async () => {
    const { url } = await issue(await lab.lease(), { expiresSeconds: 1 });
    lab.clock.advance(999);
    expect(() => lab.uploads.open(called(url))).not.toThrow();
    lab.clock.advance(1);
    expect(() => lab.uploads.open(called(url))).toThrow(/expired at/);
  });

  it.each([
    ['attempt', '2'],
    ['attempt', undefined],
    ['expires', '99999999999999'],
    ['lease', 'AAAAAAAAAAAAAAAAAAAAAA'],
    ['lease', undefined],
    ['sha256', 'f'.repeat(64)],
    ['size', '4'],
    ['size', undefined],
    ['type', 'text/html'],
    ['type', undefined],
    ['key', 'AAAAAAAA'],
    ['signature', 'A'.repeat(43)],
  ])('are refused with %s changed to %s', async (name, value) => {
    const { url } = await issue(await lab.lease());
    expect(() => lab.uploads.open(called(url, { [name]: value }))).toThrow(
      expect.objectContaining({ code: 'auth.forbidden' }),
    );
  });

  it('are refused with the digest taken out, or for another name or task', async () => {
    const lease = await lab.lease();
    const { url } = await issue(lease, { sha256: sha256('a,b') });
    const { taskId } = await lab.lease();
    for (const other of [
      called(url, { sha256: undefined }),
      { ...called(url), name: 'b.csv' },
      { ...called(url), taskId },
    ]) {
      expect(() => lab.uploads.open(other)).toThrow(
        expect.objectContaining({ code: 'auth.forbidden' }),
      );
    }
  });

  it.each<[string, Partial<UploadUrlRequest>]>([
    ['request.invalid', { name: '.hidden' }],
    ['request.invalid', { name: '1.a' }],
    ['request.invalid', { contentType: 'nonsense' }],
    ['request.invalid', { size: -1 }],
    ['request.invalid', { size: 0.5 }],
    ['request.invalid', { sha256: 'abc' }],
    ['request.invalid', { expiresSeconds: 604_801 }],
    ['artifact.too_large', { size: MAX_BYTES + 1 }],
    ['lease.lost', { leaseToken: 'another' }],
    ['task.not_found', { edgeId: 'another' }],
  ])('are not made: %s for %j', async (code, request) => {
    await expect(issue(await lab.lease(), request)).rejects.toMatchObject({ code });
  });
});
