import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ResultIds } from './result-ids';
import { ResultIngestion } from '../ingestion/result-ingestion';
import { ResultsModule } from '../results.module';
import { RowSets } from '../rows/row-sets';

describe("the ids of a lease's rows", () => {
  let engine: TestEngine;
  let lease: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
    lease = await engine.lease((await engine.submit()).id);
  });
  afterEach(() => engine.close());

  const post = (from: number, count: number, holder = lease) => {
    const rows = Array.from({ length: count }, (_, index) => ({
      configId: `c${from + index}`,
      config: {},
      metrics: { sharpe: (from + index) / 7, 'max loss': null },
    }));
    return engine.get(ResultIngestion).postRows({ ...holder, rows });
  };
  const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);

  async function listed(holder = lease, metrics?: string[]): Promise<{ configId: string }[]> {
    let text = '';
    const wanted = { ...holder, ...(metrics && { metrics }) };
    for await (const lines of await engine.get(ResultIds).open(wanted)) text += lines;
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { configId: string });
  }

  it('come in the order of arrival, over several pages', async () => {
    expect(await listed()).toEqual([]);
    await post(0, 1200);
    expect((await listed()).map(({ configId }) => configId)).toEqual(idsOf(1200));
  });

  it('come with the metrics that were asked for, as they were sent', async () => {
    await post(1, 1);
    expect(await listed()).toEqual([{ configId: 'c1' }]);
    expect(await listed(lease, ['max loss', 'sharpe', 'none'])).toEqual([
      { configId: 'c1', metrics: { 'max loss': null, sharpe: 1 / 7 } },
    ]);
  });

  it('are those that were there when it began', async () => {
    await post(0, 600);
    const lines = await engine.get(ResultIds).open(lease);
    await post(600, 5);
    let count = 0;
    for await (const page of lines) count += page.split('\n').length - 1;
    expect(count).toBe(600);
  });

  it('are of rows that count only: those of an attempt that was not adopted are left out', async () => {
    await post(0, 3);
    const next = await engine.lease(lease.jobId);
    expect(await listed(next)).toHaveLength(3);
    await engine.unitOfWork.run(async (tx) => {
      const [task] = await tx.query<{ id: string; rowSetId: number }>(
        'SELECT id, row_set_id AS "rowSetId" FROM tasks',
      );
      if (task !== undefined) await engine.get(RowSets).startFresh(tx, task);
    });
    expect(await listed(next)).toEqual([]);
    await post(7, 1, next);
    expect(await listed(next)).toEqual([{ configId: 'c7' }]);
  });

  it('are told to the holder of the lease only', async () => {
    await post(0, 3);
    await engine.lease(lease.jobId);
    await expect(listed()).rejects.toMatchObject({ code: 'lease.lost' });
    const stranger = { ...lease, edgeId: engine.ids.uuid() };
    await expect(listed(stranger)).rejects.toMatchObject({ code: 'task.not_found' });
  });

  it('extend the lease, also while they flow', async () => {
    await post(0, 1200);
    const expiresAt = async () => {
      const [task] = await engine.reads.query<{ at: number }>(
        'SELECT lease_expires_at AS at FROM tasks',
      );
      return task?.at ?? 0;
    };
    engine.clock.advance(1000);
    const lines = await engine.get(ResultIds).open(lease);
    expect(await expiresAt()).toBe(engine.clock.now() + 60_000);
    await lines.next();
    engine.clock.advance(5000);
    await lines.next();
    expect(await expiresAt()).toBe(engine.clock.now() + 60_000);
  });

  it('do not end as if they were whole when the lease ends in the middle of them', async () => {
    await post(0, 1200);
    const lines = await engine.get(ResultIds).open(lease);
    await lines.next();
    await engine.lease(lease.jobId);
    const rest = async () => {
      for await (const page of lines) expect(page).not.toBe('');
    };
    await expect(rest()).rejects.toMatchObject({ code: 'lease.lost' });
  });
});
