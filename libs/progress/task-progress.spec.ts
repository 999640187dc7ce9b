import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { TaskEntity } from '@foreman/jobs';
import { Heartbeats } from './heartbeats';
import type { ProgressReport } from './progress-report';
import { ProgressModule } from './progress.module';

describe('progress of a task', () => {
  let engine: TestEngine;
  let lease: TestLease;
  beforeEach(async () => {
    engine = await openTestEngine(ProgressModule.forRoot());
    const { id } = await engine.submit({ leaseSeconds: 3600 });
    lease = await engine.lease(id);
  });
  afterEach(() => engine.close());

  /** A heartbeat so many seconds after the one before; answers the task as it is then. */
  const beat = async (seconds: number, report: ProgressReport): Promise<TaskEntity> => {
    engine.clock.advance(seconds * 1000);
    const { edgeId, taskId, leaseToken } = lease;
    await engine.get(Heartbeats).beat(edgeId, { taskId, leaseToken, ...report });
    const sql = 'SELECT * FROM tasks WHERE id = ?';
    const [task] = await engine.reads.entities(TaskEntity, sql, [taskId]);
    if (task === undefined) throw new Error('The task is gone');
    return task;
  };

  it('has a rate from its first units on, counted from the lease', async () => {
    expect(await beat(0, { processed: 0, total: 1000 })).toMatchObject({ progressRate: null });
    expect(await beat(20, { processed: 100 })).toMatchObject({ progressRate: 5, total: 1000 });
    expect((await beat(20, { processed: 200 })).progressRate).toBeCloseTo(5, 9);
  });

  it('slows down with each report of no more units, whatever else it says', async () => {
    const before = (await beat(20, { processed: 100 })).progressRate ?? 0;
    const paused = (await beat(30, { status: 'thinking' })).progressRate ?? 0;
    expect(paused).toBeCloseTo(before * Math.exp(-0.5), 9);
    const more = (await beat(30, { counters: { thoughts: 1 } })).progressRate;
    expect(more).toBeCloseTo(before * Math.exp(-1), 9);
  });

  it('a heartbeat that says nothing is no report', async () => {
    const reported = await beat(20, { processed: 100 });
    const silent = await beat(30, {});
    expect(silent).toMatchObject({ progressRate: 5, progressAt: reported.progressAt });
  });

  it('starts anew when it counts anew', async () => {
    await beat(20, { processed: 100 });
    expect(await beat(20, { processed: 10 })).toMatchObject({ processed: 10, progressRate: null });
    expect(await beat(10, { processed: 30 })).toMatchObject({ progressRate: 2 });
  });

  it('the time before its lease is not its own', async () => {
    await beat(20, { processed: 100 });
    await engine.unitOfWork.run((tx) => tx.execute('UPDATE tasks SET progress_rate = NULL', []));
    engine.clock.advance(10_000_000);
    lease = await engine.lease(lease.jobId);
    expect(await beat(20, { processed: 160 })).toMatchObject({ progressRate: 3 });
  });

  describe('by numbered heartbeats', () => {
    beforeEach(async () => {
      const { id } = await engine.submit({ leaseSeconds: 3600, stallSeconds: 60 });
      lease = await engine.lease(id);
    });

    it('is not put back by a copy that comes late, which extends the lease all the same', async () => {
      await beat(0, { processed: 5, total: 9, counters: { n: 1 }, sequence: 1 });
      const newer = await beat(20, { processed: 7, total: 9, counters: { n: 2 }, sequence: 2 });
      const late = await beat(20, { processed: 5, total: 9, counters: { n: 1 }, sequence: 1 });
      const again = await beat(20, { processed: 7, status: 'again', sequence: 2 });
      const leaseExpiresAt = newer.leaseExpiresAt! + 20_000;
      expect(late).toEqual({ ...newer, leaseExpiresAt });
      expect(again).toEqual({ ...newer, leaseExpiresAt: leaseExpiresAt + 20_000 });
    });

    it('is as it was told where a heartbeat has no number', async () => {
      await beat(0, { processed: 7, sequence: 7 });
      expect(await beat(1, { processed: 5 })).toMatchObject({ processed: 5, progressSequence: 7 });
      expect(await beat(1, { processed: 6, sequence: 7 })).toMatchObject({ processed: 5 });
    });

    it('begins with any number in each lease', async () => {
      await beat(0, { processed: 7, sequence: 1000 });
      lease = await engine.lease(lease.jobId);
      expect(await beat(1, { processed: 8, sequence: 0 })).toMatchObject({ processed: 8 });
      expect(await beat(1, { processed: 7, sequence: 0 })).toMatchObject({ processed: 8 });
    });
  });
});
