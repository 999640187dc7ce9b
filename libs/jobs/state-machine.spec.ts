import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { JobLifecycle } from './job-lifecycle';
import { JobViews } from './job-views';
import { JobEntity } from './job.entity';
import { LeaseFence } from './lease-fence';
import { TaskEntity } from './task.entity';
import { TaskLifecycle } from './task-lifecycle';

describe('the state machine', () => {
  let engine: TestEngine;
  let lifecycle: JobLifecycle;

  beforeEach(async () => {
    engine = await openTestEngine();
    lifecycle = engine.get(JobLifecycle);
  });
  afterEach(() => engine.close());

  const job = async (id: string) => {
    const [row] = await engine.reads.entities(JobEntity, 'SELECT * FROM jobs WHERE id = ?', [id]);
    return row!;
  };
  const change = <T>(act: (tx: Parameters<JobLifecycle['start']>[0], now: number) => Promise<T>) =>
    engine.unitOfWork.run((tx) => act(tx, engine.clock.now()));
  const complete = (lease: TestLease) =>
    change(async (tx, now) => {
      const task = await engine.get(LeaseFence).hold(tx, { ...lease, now });
      const summary = { bestConfigIds: [], processedCount: null, totalCount: null };
      return engine.get(TaskLifecycle).complete(tx, task, summary, now);
    });
  const cancel = (id: string) => change((tx, now) => lifecycle.cancel(tx, id, now));
  const retry = (id: string) => change((tx, now) => lifecycle.retry(tx, id, now));

  it('a finalized job never changes again, but by retention or retry (invariant 5)', async () => {
    const { id } = await engine.submit();
    await complete(await engine.lease(id));
    const before = await job(id);
    expect(before.status).toBe('completed');
    await expect(cancel(id)).rejects.toMatchObject({ code: 'job.finalized' });
    await expect(retry(id)).rejects.toMatchObject({ code: 'job.finalized' });
    await change((tx, now) => lifecycle.start(tx, id, now));
    await change((tx, now) => lifecycle.settle(tx, id, now));
    expect(await job(id)).toEqual(before);
  });

  it('cancelling is repeatable, and finalizes the tasks too', async () => {
    const { id } = await engine.submit({ tasks: [{}, {}] });
    await engine.lease(id);
    const cancelled = await cancel(id);
    expect(cancelled).toMatchObject({ status: 'cancelled', expiresAt: expect.any(Number) });
    expect(await cancel(id)).toEqual(cancelled);
    const view = await engine.get(JobViews).one(engine.reads, id);
    expect(view?.taskCounts).toMatchObject({ cancelled: 2, queued: 0, leased: 0 });
  });

  it('a retry is a new run: only unfinished tasks queue again, expiresAt is cleared', async () => {
    const { id } = await engine.submit({ tasks: [{}, {}] });
    await complete(await engine.lease(id, 0));
    await cancel(id);
    const retried = await retry(id);
    expect(retried).toMatchObject({ status: 'queued', run: 2, expiresAt: null, finalizedAt: null });
    expect(await retry(id)).toEqual(retried);
    const view = await engine.get(JobViews).one(engine.reads, id);
    expect(view?.taskCounts).toMatchObject({ completed: 1, queued: 1 });
    expect((await complete(await engine.lease(id, 1))).status).toBe('completed');
    const tasks = await engine.reads.entities(TaskEntity, 'SELECT * FROM tasks');
    expect(tasks.map((task) => task.attempt)).toEqual([1, 1]);
  });

  it('seq orders the events of a job over its runs', async () => {
    const { id } = await engine.submit();
    await cancel(id);
    await retry(id);
    await cancel(id);
    const events = await engine.reads.query(
      'SELECT type, run, seq FROM events WHERE job_id = ? ORDER BY position',
      [id],
    );
    expect(events).toEqual([
      { type: 'job.created', run: 1, seq: 1 },
      { type: 'job.cancelled', run: 1, seq: 2 },
      { type: 'job.retried', run: 2, seq: 3 },
      { type: 'job.cancelled', run: 2, seq: 4 },
    ]);
  });

  it('a hidden job is not found any more', async () => {
    const { id } = await engine.submit();
    await change((tx, now) => lifecycle.hide(tx, id, now));
    expect(await engine.get(JobViews).one(engine.reads, id)).toBeNull();
    expect(await job(id)).toMatchObject({ status: 'cancelled', hiddenAt: expect.any(Number) });
    const again = change((tx, now) => lifecycle.hide(tx, id, now));
    await expect(again).rejects.toMatchObject({ code: 'job.not_found' });
  });

  it('unpinning leaves at least an hour, and repeating it no more', async () => {
    const { id } = await engine.submit({ ttlSeconds: 60 });
    await cancel(id);
    await change((tx) => lifecycle.pin(tx, id));
    engine.clock.advance(7_200_000);
    await change((tx, now) => lifecycle.unpin(tx, id, now));
    const unpinned = await job(id);
    expect(unpinned.expiresAt).toBe(engine.clock.now() + 3_600_000);
    engine.clock.advance(60_000);
    await change((tx, now) => lifecycle.unpin(tx, id, now));
    expect(await job(id)).toEqual(unpinned);
  });

  it('with a subscriber that throws, nothing has happened', async () => {
    const { JobEvents } = await import('./job-events');
    engine.get(JobEvents).subscribe(async () => {
      throw new Error('refused by a subscriber');
    });
    await expect(engine.submit()).rejects.toThrow('refused by a subscriber');
    expect(await engine.reads.query('SELECT id FROM jobs')).toEqual([]);
  });

  /** The CHECK constraints repeat the state machine, whatever the code believes. */
  it.each([
    ['jobs', `status = 'paused'`],
    ['jobs', `status = 'completed'`],
    ['jobs', `status = 'running'`],
    ['jobs', `finalized_at = 1`],
    ['jobs', `expires_at = 1`],
    ['jobs', `status = 'failed', finalized_at = 1`],
    ['jobs', `error_code = 'x'`],
    ['jobs', `priority = 101`],
    ['jobs', `run = 0`],
    ['tasks', `status = 'leased'`],
    ['tasks', `lease_token = 'x'`],
    ['tasks', `status = 'leased', lease_token = 'x', lease_edge_id = 'e'`],
    ['tasks', `status = 'completed'`],
    ['tasks', `status = 'failed', finalized_at = 1`],
    ['tasks', `returned_expiries = 6`],
    ['tasks', `result_count = -1`],
    ['tasks', `status = 'cancelled', finalized_at = 1, revivable_token = 'x'`],
  ])('%s refuse SET %s', async (table, set) => {
    await engine.submit();
    const update = engine.unitOfWork.run((tx) => tx.execute(`UPDATE ${table} SET ${set}`));
    await expect(update).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_CHECK' });
  });
});
