import { ArtifactRemoval } from '../artifact-removal';
import { ArtifactPublication } from '../artifact-publication';
import { BlobSweep } from '../blob-sweep';
import { ArtifactLab, SUMMARY } from '../spec/artifact-lab';
import { ArtifactStats, LARGEST, OLDEST } from './artifact-stats';
import { CHANGE } from './artifact-totals';

const SUMMARY_BYTES = JSON.stringify(SUMMARY).length;

describe('the figures of artifacts', () => {
  let lab: ArtifactLab;
  beforeEach(async () => {
    lab = await ArtifactLab.open();
  });
  afterEach(() => lab.close());

  const stored = () => lab.engine.get(ArtifactStats).stored();
  const read = () => lab.engine.get(ArtifactStats).read();
  const query = (sql: string) => lab.engine.reads.query<Record<string, unknown>>(sql);

  /** What counting would say. */
  const counted = () =>
    query(`SELECT jobs.kind, jobs.queue, state, count(*) AS artifacts, sum(size) AS bytes
           FROM artifacts JOIN jobs ON jobs.id = artifacts.job_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`);
  const totals = () =>
    query(`SELECT kind, queue, state, artifacts, bytes FROM artifact_totals
           WHERE artifacts <> 0 OR bytes <> 0 ORDER BY 1, 2, 3`);

  it('follow an artifact from its upload to its removal', async () => {
    const lease = await lab.lease();
    await lab.put(lease, 'a.txt', 'x'.repeat(100));
    expect(await stored()).toMatchObject({ published: 0, bytes: 0, staged: 1, stagedBytes: 100 });
    await lab.put(lease, 'a.txt', 'y'.repeat(40));
    await lab.put(lease, 'a.txt', 'y'.repeat(40), 'text/csv');
    expect(await stored()).toMatchObject({ staged: 1, stagedBytes: 40 });
    await lab.complete(lease);
    expect(await stored()).toEqual({
      published: 2,
      bytes: 40 + SUMMARY_BYTES,
      staged: 0,
      stagedBytes: 0,
      corrupt: 0,
    });
    const { clock, unitOfWork } = lab.engine;
    await unitOfWork.run((tx) =>
      lab.engine.get(ArtifactRemoval).removeBatch(tx, [lease.jobId], 10, clock.now()),
    );
    expect(await stored()).toMatchObject({ published: 0, bytes: 0, staged: 0, stagedBytes: 0 });
  });

  it('are what counting says, whatever happened', async () => {
    const { job, leases } = await lab.leaseAll(3);
    for (const [index, lease] of leases.entries()) {
      await lab.put(lease, 'same.txt', 'z'.repeat(10 * (index + 1)));
      await lab.put(lease, `own-${index}.txt`, 'own');
    }
    const [first, second, third] = leases;
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    await lab.complete(first, [], job);
    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(ArtifactPublication).discardStaged(tx, second.taskId, 1),
    );
    const other = await lab.engine.lease(
      (await lab.engine.submit({ kind: 'other', queue: 'slow' })).id,
    );
    await lab.put(other, 'b', 'bb');
    expect(await totals()).toEqual(await counted());
    expect((await totals()).length).toBe(3);
    // A rolled back transaction leaves its figures as they were.
    await expect(
      lab.engine.unitOfWork.run(async (tx) => {
        await lab.engine.get(ArtifactPublication).discardStaged(tx, third.taskId, 1);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    expect(await totals()).toEqual(await counted());
  });

  it('tell the oldest, the largest, and shares by kind and queue, the largest first', async () => {
    expect(await read()).toMatchObject({ oldestAt: null, largest: null, byKind: [], byQueue: [] });
    const startedAt = lab.engine.clock.now();
    const small = await lab.lease();
    await lab.put(small, 'small', 'abc');
    lab.engine.clock.advance(1000);
    const large = await lab.engine.lease(
      (await lab.engine.submit({ kind: 'large', queue: 'slow' })).id,
    );
    await lab.put(large, 'large', 'x'.repeat(4000));
    expect(await read()).toMatchObject({
      oldestAt: startedAt,
      largest: { jobId: large.jobId, name: 'large', size: 4000 },
      byKind: [
        { name: 'large', artifacts: 1, bytes: 4000 },
        { name: 'test', artifacts: 1, bytes: 3 },
      ],
      byQueue: [
        { name: 'slow', artifacts: 1, bytes: 4000 },
        { name: 'default', artifacts: 1, bytes: 3 },
      ],
    });
  });

  it('keep no row of a kind that is gone', async () => {
    const lease = await lab.lease();
    await lab.put(lease, 'a', 'a');
    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(ArtifactPublication).discardStaged(tx, lease.taskId, 1),
    );
    expect(await query('SELECT * FROM artifact_totals')).toHaveLength(1);
    await lab.engine.get(BlobSweep).runOnce();
    expect(await query('SELECT * FROM artifact_totals')).toEqual([]);
  });

  it.each([
    ['the oldest', OLDEST, /SEARCH artifacts USING COVERING INDEX artifacts_oldest/],
    ['the largest', LARGEST, /SCAN artifacts USING INDEX artifacts_largest$/],
    ['a change', CHANGE, /SEARCH jobs USING (COVERING )?INDEX \S+ \(id=\?\)/],
  ])('%s: by an index', async (_what, sql, index) => {
    const params = [...sql.matchAll(/\?/g)].map(() => 1);
    const plan = await lab.engine.reads.query<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${sql}`,
      params,
    );
    expect(plan.map(({ detail }) => detail).join('\n')).toMatch(index);
  });
});
