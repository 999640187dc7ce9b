import { JobLifecycle, LeaseFence } from '@foreman/jobs';
import { sha256Hex } from '@foreman/kernel';
import { ArtifactPublication } from './artifact-publication';
import { ArtifactReads } from './artifact-reads';
import { BlobSweep } from './blob-sweep';
import type { DeclaredArtifact } from './declared-artifact';
import { ArtifactLab, MAX_BYTES, SUMMARY } from './spec/artifact-lab';

describe('publishing artifacts', () => {
  let lab: ArtifactLab;

  beforeEach(async () => {
    lab = await ArtifactLab.open();
  });

  afterEach(() => lab.close());

  it('shows nothing before the completion, and everything with it', async () => {
    const lease = await lab.lease();
    await lab.put(lease, 'b.txt', 'staged');
    expect(await lab.shown(lease.jobId)).toEqual([]);
    await lab.complete(lease, [{ name: 'a', contentType: 'application/json', inline: { x: 1 } }]);
    expect(await lab.shown(lease.jobId)).toEqual([
      {
        name: 'completion',
        content_type: 'application/json',
        size: JSON.stringify(SUMMARY).length,
        inline: SUMMARY,
        url: null,
        sha256: sha256Hex(JSON.stringify(SUMMARY)),
      },
      expect.objectContaining({ name: 'a', size: 7, inline: { x: 1 }, url: null }),
      expect.objectContaining({ name: 'b.txt', size: 6, inline: 'staged', url: null }),
    ]);
  });

  it("takes the agent's completion, byte for byte", async () => {
    const lease = await lab.lease();
    const bytes = '{ "done": true,\n "n": 1.50 }\n';
    await lab.put(lease, 'completion', bytes, 'application/json');
    await lab.complete(lease);
    expect(String(await lab.bytesOf(lease.jobId, 'completion'))).toBe(bytes);
    expect(await lab.shown(lease.jobId)).toMatchObject([{ inline: { done: true, n: 1.5 } }]);
  });

  it('publishes what is named by its digest, and refuses another', async () => {
    const lease = await lab.lease();
    const { artifact } = await lab.put(lease, 'log', 'right');
    const wrong = sha256Hex('wrong');
    await expect(lab.complete(lease, [{ name: 'log', sha256: wrong }])).rejects.toMatchObject({
      code: 'artifact.incomplete',
      details: { name: 'log', sha256: wrong, staged: artifact.sha256 },
    });
    await expect(lab.complete(lease, [{ name: 'missing', sha256: wrong }])).rejects.toMatchObject({
      code: 'artifact.incomplete',
    });
    expect(await lab.shown(lease.jobId)).toEqual([]);
    await lab.complete(lease, [{ name: 'log', sha256: artifact.sha256.toUpperCase() }]);
    expect((await lab.shown(lease.jobId)).map(({ name }) => name)).toEqual(['completion', 'log']);
  });

  it('refuses a name that is both staged and inline', async () => {
    const lease = await lab.lease();
    await lab.put(lease, 'log', 'x');
    const declared = [{ name: 'log', contentType: 'text/plain', inline: 'x' }];
    await expect(lab.complete(lease, declared)).rejects.toMatchObject({
      code: 'artifact.conflict',
    });
  });

  it.each<[string, DeclaredArtifact[]]>([
    ['a bad name', [{ name: '../x', contentType: 'text/plain', inline: 'x' }]],
    ['a reserved name', [{ name: '0.x', contentType: 'text/plain', inline: 'x' }]],
    ['a bad type', [{ name: 'x', contentType: 'nonsense', inline: 'x' }]],
    ['a missing value', [{ name: 'x', contentType: 'text/plain', inline: undefined }]],
    ['an object as text', [{ name: 'x', contentType: 'text/plain', inline: {} }]],
    ['half a surrogate pair', [{ name: 'x', contentType: 'text/plain', inline: '\ud800' }]],
    [
      'a name given twice',
      [
        { name: 'x', contentType: 'text/plain', inline: '1' },
        { name: 'x', contentType: 'text/plain', inline: '2' },
      ],
    ],
  ])('refuses %s, and publishes nothing', async (_what, declared) => {
    const lease = await lab.lease();
    await expect(lab.complete(lease, declared)).rejects.toMatchObject({ code: 'request.invalid' });
    expect(await lab.shown(lease.jobId)).toEqual([]);
  });

  it('refuses an inline artifact that is too large', async () => {
    const lease = await lab.lease();
    const inline = 'x'.repeat(MAX_BYTES + 1);
    await expect(
      lab.complete(lease, [{ name: 'x', contentType: 'text/plain', inline }]),
    ).rejects.toMatchObject({ code: 'artifact.too_large', details: { limitBytes: MAX_BYTES } });
  });

  it('publishes nothing that an earlier lease staged', async () => {
    const earlier = await lab.lease();
    await lab.put(earlier, 'old', 'x');
    const lease = await lab.engine.lease(earlier.jobId);
    await lab.complete(lease);
    expect((await lab.shown(lease.jobId)).map(({ name }) => name)).toEqual(['completion']);
    await lab.engine.get(BlobSweep).runOnce();
    expect(await lab.engine.reads.query('SELECT * FROM blobs')).toHaveLength(1);
  });

  it('discards what is staged, and its bytes with the sweep', async () => {
    const lease = await lab.lease();
    await lab.put(lease, 'log', 'x');
    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(ArtifactPublication).discardStaged(tx, lease.taskId, lab.engine.clock.now()),
    );
    await lab.engine.get(BlobSweep).runOnce();
    expect(await lab.engine.reads.query('SELECT * FROM blob_chunks')).toEqual([]);
  });

  it('sweeps what a cancelled task staged, but not what a queued one did', async () => {
    const lease = await lab.lease();
    await lab.put(lease, 'log', 'x');
    expect(await lab.engine.get(BlobSweep).runOnce()).toMatchObject({ staged: 0, blobs: 0 });
    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(JobLifecycle).cancel(tx, lease.jobId, lab.engine.clock.now()),
    );
    expect(await lab.engine.get(BlobSweep).runOnce()).toMatchObject({
      staged: 1,
      blobs: 1,
      bytes: 1,
    });
  });

  it('replaces what an earlier run of the job published', async () => {
    const first = await lab.lease();
    await lab.put(first, 'log', 'first');
    await lab.engine.unitOfWork.run(async (tx) => {
      const now = lab.engine.clock.now();
      const task = await lab.engine.get(LeaseFence).hold(tx, { ...first, now });
      const { leaseToken } = first;
      await lab.engine
        .get(ArtifactPublication)
        .publishStaged(tx, { task, isOnlyTask: true, leaseToken, now });
      await lab.engine.get(JobLifecycle).cancel(tx, first.jobId, now);
      await lab.engine.get(JobLifecycle).retry(tx, first.jobId, now);
    });
    expect(String(await lab.bytesOf(first.jobId, 'log'))).toBe('first');
    const second = await lab.engine.lease(first.jobId);
    await lab.put(second, 'log', 'second');
    await lab.complete(second);
    expect(String(await lab.bytesOf(first.jobId, 'log'))).toBe('second');
  });

  it('hides the artifacts of a hidden job', async () => {
    const lease = await lab.lease();
    await lab.complete(lease);
    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(JobLifecycle).hide(tx, lease.jobId, lab.engine.clock.now()),
    );
    expect(await lab.shown(lease.jobId)).toEqual([]);
    await expect(lab.bytesOf(lease.jobId, 'completion')).rejects.toMatchObject({
      code: 'artifact.not_found',
    });
  });

  it('pages in the order of the list', async () => {
    const lease = await lab.lease();
    for (const name of ['z', 'a', 'm', 'B']) await lab.put(lease, name, 'x');
    await lab.complete(lease);
    const reads = lab.engine.get(ArtifactReads);
    const names: string[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await reads.page(lab.engine.reads, lease.jobId, { limit: 2, cursor });
      names.push(...page.items.map((item) => item.name));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(names).toEqual(['completion', 'B', 'a', 'm', 'z']);
    expect(names).toEqual((await reads.list(lab.engine.reads, lease.jobId)).map((r) => r.name));
  });
});
