import { buffer } from 'node:stream/consumers';
import { Logger } from '@nestjs/common';
import { LeaseFence } from '@foreman/jobs';
import { eventually } from '@foreman/testing';
import { ArtifactPublication } from '../artifact-publication';
import { ArtifactReads } from '../artifact-reads';
import type { ArtifactRecord } from '../artifact-record';
import { BlobSweep } from '../blob-sweep';
import { ArtifactLab } from '../spec/artifact-lab';
import { ArtifactStats } from '../stats/artifact-stats';

/** Of inputs: ../inputs/input-healing.spec.ts. */
describe('damaged bytes of an artifact', () => {
  let lab: ArtifactLab;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    lab = await ArtifactLab.open();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await lab.close();
  });

  const change = (sql: string, ...params: string[]) =>
    lab.engine.unitOfWork.run((tx) => tx.execute(sql, params));
  const spoil = ({ blobKey }: ArtifactRecord) =>
    change(`UPDATE blob_chunks SET bytes = CAST('spoilt' AS BLOB) WHERE blob_key = ?`, blobKey);
  const lose = ({ blobKey }: ArtifactRecord) =>
    change('DELETE FROM blob_chunks WHERE blob_key = ?', blobKey);
  const reads = () => lab.engine.get(ArtifactReads);
  const corrupt = async () => (await lab.engine.get(ArtifactStats).stored()).corrupt;
  const published = async () => {
    const lease = await lab.lease();
    await lab.put(lease, 'a', 'sounds');
    await lab.complete(lease);
    return reads().get(lab.engine.reads, lease.jobId, 'a');
  };
  const refused = { code: 'artifact.corrupt' };
  /** Damaged, and come upon. */
  const found = async (record: ArtifactRecord) => {
    await spoil(record);
    await expect(reads().whole(record)).rejects.toMatchObject(refused);
  };

  it.each([
    ['other bytes', spoil],
    ['none', lose],
  ])('is marked by the download that finds %s', async (_what, damage) => {
    const record = await published();
    expect(String(await reads().whole(record))).toBe('sounds');
    await damage(record);
    await expect(reads().whole(record)).rejects.toMatchObject(refused);
    await expect(reads().assertSound(lab.engine.reads, record)).rejects.toMatchObject(refused);
    expect(await corrupt()).toBe(1);
  });

  it('is marked by the stream that breaks off for it', async () => {
    const record = await published();
    await lose(record);
    await expect(buffer(reads().open(record))).rejects.toThrow('no byte 0');
    await eventually('it is marked', async () => (await corrupt()) === 1);
  });

  it('is no such thing where the artifact was removed meanwhile', async () => {
    const lease = await lab.lease();
    const { artifact } = await lab.put(lease, 'a', 'sounds');
    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(ArtifactPublication).discardStaged(tx, lease.taskId, lab.engine.clock.now()),
    );
    await lose(artifact);
    await expect(reads().whole(artifact)).rejects.toMatchObject({ code: 'artifact.not_found' });
    await lab.engine.get(BlobSweep).runOnce();
    await expect(reads().whole(artifact)).rejects.toMatchObject({ code: 'artifact.not_found' });
    expect(await corrupt()).toBe(0);
  });

  it('is replaced while it is staged, by the same bytes again', async () => {
    const lease = await lab.lease();
    const { artifact } = await lab.put(lease, 'a', 'sounds');
    await spoil(artifact);
    expect((await lab.put(lease, 'a', 'sounds')).isNew).toBe(false);
    await expect(reads().whole(artifact)).rejects.toMatchObject(refused);
    expect((await lab.put(lease, 'a', 'sounds')).isNew).toBe(true);
    expect(await corrupt()).toBe(0);
    await lab.complete(lease);
    expect(String(await lab.bytesOf(lease.jobId, 'a'))).toBe('sounds');
    await lab.engine.get(BlobSweep).runOnce();
    expect(await lab.engine.reads.query('SELECT * FROM blobs')).toHaveLength(2);
    expect(await lab.engine.reads.query('SELECT * FROM corrupt_blobs')).toEqual([]);
  });

  it('is not published by its name and digest: the edge is to upload it again', async () => {
    const lease = await lab.lease();
    const { artifact } = await lab.put(lease, 'a', 'sounds');
    const declared = [{ name: 'a', sha256: artifact.sha256 }];
    await spoil(artifact);
    await expect(reads().whole(artifact)).rejects.toMatchObject(refused);
    await expect(lab.complete(lease, declared)).rejects.toMatchObject({
      code: 'artifact.incomplete',
    });
    await lab.put(lease, 'a', 'sounds');
    await lab.complete(lease, declared);
    expect(String(await lab.bytesOf(lease.jobId, 'a'))).toBe('sounds');
  });

  it('is not published unnamed either, while another one is sound', async () => {
    const lease = await lab.lease();
    const { artifact } = await lab.put(lease, 'a', 'sounds');
    const { artifact: other } = await lab.put(lease, 'b', 'other');
    await found(artifact);
    for (const declared of [[], [{ name: 'b', sha256: other.sha256 }]]) {
      await expect(lab.complete(lease, declared)).rejects.toMatchObject({
        code: 'artifact.incomplete',
        details: { name: 'a', sha256: artifact.sha256, staged: null },
      });
    }
    expect(await lab.shown(lease.jobId)).toEqual([]);
    await lab.put(lease, 'a', 'sounds');
    await lab.complete(lease);
    expect(String(await lab.bytesOf(lease.jobId, 'a'))).toBe('sounds');
  });

  it('of an earlier lease does not stand in the way: it goes', async () => {
    const earlier = await lab.lease();
    await found((await lab.put(earlier, 'a', 'sounds')).artifact);
    const lease = await lab.engine.lease(earlier.jobId);
    await lab.put(lease, 'b', 'other');
    await lab.complete(lease);
    expect((await lab.shown(lease.jobId)).map(({ name }) => name)).toEqual(['completion', 'b']);
    expect(await corrupt()).toBe(0);
  });

  it('is let go by the failure that keeps the others', async () => {
    const lease = await lab.lease();
    await found((await lab.put(lease, 'a', 'sounds')).artifact);
    await lab.put(lease, 'b', 'other');
    await lab.engine.unitOfWork.run(async (tx) => {
      const now = lab.engine.clock.now();
      const task = await lab.engine.get(LeaseFence).hold(tx, { ...lease, now });
      const kept = { task, isOnlyTask: true, leaseToken: lease.leaseToken, now };
      await lab.engine.get(ArtifactPublication).publishStaged(tx, kept);
    });
    expect((await lab.shown(lease.jobId)).map(({ name }) => name)).toEqual(['b']);
    expect(await corrupt()).toBe(0);
    expect(await lab.engine.reads.query('SELECT name FROM artifacts')).toEqual([{ name: 'b' }]);
  });

  it('do not get a digest of their own in the completion of a job of many tasks', async () => {
    const { job, leases } = await lab.leaseAll(2);
    for (const [index, lease] of leases.entries()) {
      const { artifact } = await lab.put(lease, 'completion', `"${index}"`, 'application/json');
      if (index === 0) {
        await change(
          `UPDATE blob_chunks SET bytes = CAST('"x"' AS BLOB) WHERE blob_key = ?`,
          artifact.blobKey,
        );
      }
      await lab.complete(lease, [], job);
    }
    const { tasks } = JSON.parse(String(await lab.bytesOf(job.id, 'completion'))) as {
      tasks: unknown[];
    };
    expect(tasks).toEqual([expect.objectContaining({ name: '0.completion' }), '1']);
  });
});
