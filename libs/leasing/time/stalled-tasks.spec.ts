import { Heartbeats, type ProgressReport } from '@foreman/progress';
import { ResultIngestion } from '@foreman/results';
import type { EdgePrincipal } from '@foreman/edges';
import { TaskDeadlines } from '@foreman/jobs';
import type { LeasedTask } from '../lease-request';
import { LeasingLab } from '../spec/leasing-lab';
import { StalledTasks } from './stalled-tasks';

const STALL_MS = 100_000;

describe('stalled tasks', () => {
  let lab: LeasingLab;
  let edge: EdgePrincipal;
  beforeEach(async () => {
    lab = await LeasingLab.open();
    edge = lab.edge();
  });
  afterEach(() => lab.close());

  const submit = (command: Parameters<LeasingLab['submit']>[0] = {}) =>
    lab.submit({ stallSeconds: STALL_MS / 1000, leaseSeconds: 3600, ...command });
  const look = async () => {
    const { stalled, failed } = await lab.engine.get(StalledTasks).runOnce();
    return { stalled, failed };
  };
  const beat = ({ task, leaseToken }: LeasedTask, report: ProgressReport = {}) =>
    lab.engine.get(Heartbeats).beat(edge.edgeId, { taskId: task.id, leaseToken, ...report });
  const postRow = ({ task, leaseToken }: LeasedTask, configId: string, sharpe = 1) =>
    lab.engine.get(ResultIngestion).postRows({
      taskId: task.id,
      leaseToken,
      edgeId: edge.edgeId,
      rows: [{ configId, config: {}, metrics: { sharpe } }],
    });
  const stalledAt = async ({ task }: LeasedTask) => (await lab.task(task.id)).stalledAt;

  it('heartbeats extend the lease, counters stand still: marked from when it was due, once', async () => {
    const job = await submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(edge);
    const start = lab.clock.now();
    for (let passed = 0; passed < STALL_MS - 20_000; passed += 20_000) {
      lab.clock.advance(20_000);
      await beat(leased, { processed: 0, status: 'working', total: passed });
    }
    lab.clock.advance(19_999);
    expect(await look()).toEqual({ stalled: 0, failed: 0 });
    lab.clock.advance(501);
    expect(await look()).toEqual({ stalled: 1, failed: 0 });
    expect(await look()).toEqual({ stalled: 0, failed: 0 });
    expect(await lab.task(leased.task.id)).toMatchObject({
      status: 'leased',
      leaseToken: leased.leaseToken,
      burntAttempts: 0,
      stalledAt: start + STALL_MS,
      stallDueAt: null,
    });
    expect(await lab.eventTypes(job.id)).toEqual([
      'job.created',
      'task.leased',
      'job.started',
      'task.stalled',
    ]);
  });

  it.each<[string, ProgressReport]>([
    ['processed units', { processed: 6 }],
    ['fewer processed units', { processed: 4 }],
    ['a counter', { counters: { skipped: 1, cached: 3 } }],
    ['a new counter', { counters: { tried: 0 } }],
  ])('%s are an advance: the time starts anew', async (_what, report) => {
    await submit();
    const leased = await lab.leaseOne(edge);
    await beat(leased, { processed: 5, counters: { skipped: 1, cached: 2 } });
    lab.clock.advance(STALL_MS - 1);
    await beat(leased, report);
    lab.clock.advance(STALL_MS - 1);
    expect((await look()).stalled).toBe(0);
    lab.clock.advance(1);
    expect((await look()).stalled).toBe(1);
  });

  it.each<[string, ProgressReport]>([
    ['nothing', {}],
    ['the same numbers', { processed: 5, counters: { skipped: 1, cached: 2 } }],
    ['fewer counters', { counters: { skipped: 1 } }],
    ['another total and status', { total: 50, status: 'still at it' }],
  ])('a heartbeat with %s is none', async (_what, report) => {
    await submit();
    const leased = await lab.leaseOne(edge);
    await beat(leased, { processed: 5, counters: { skipped: 1, cached: 2 } });
    lab.clock.advance(STALL_MS - 1);
    await beat(leased, report);
    lab.clock.advance(1);
    expect((await look()).stalled).toBe(1);
  });

  it('a new row is an advance, one that is there already is none', async () => {
    await submit();
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS - 1);
    await postRow(leased, 'a');
    lab.clock.advance(STALL_MS - 1);
    expect((await look()).stalled).toBe(0);
    await postRow(leased, 'a', 2);
    lab.clock.advance(1);
    expect((await look()).stalled).toBe(1);
  });

  it.each([
    ['a heartbeat', (leased: LeasedTask) => beat(leased, { processed: 1 })],
    ['a row', (leased: LeasedTask) => postRow(leased, 'a')],
  ])('%s takes the mark away, and the task can stall again', async (_what, goOn) => {
    const job = await submit();
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS);
    await look();
    await beat(leased, { processed: 0 });
    expect(await stalledAt(leased)).not.toBeNull();
    await goOn(leased);
    expect(await stalledAt(leased)).toBeNull();
    await beat(leased, { processed: 2 });
    expect((await lab.eventTypes(job.id)).slice(-2)).toEqual(['task.stalled', 'task.advanced']);
    lab.clock.advance(STALL_MS);
    expect((await look()).stalled).toBe(1);
  });

  it('the sweep is told when a task that goes on again can stall next', async () => {
    await submit();
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS);
    await look();
    const noted: number[] = [];
    lab.engine.get(TaskDeadlines).subscribe((dueAt) => noted.push(dueAt));
    await beat(leased, { processed: 1 });
    expect(noted).toEqual([lab.clock.now() + STALL_MS]);
  });

  it('never, unless its job asks for it', async () => {
    await lab.submit({ leaseSeconds: 3600 });
    const leased = await lab.leaseOne(edge);
    await beat(leased, { processed: 1 });
    lab.clock.advance(3_599_999);
    expect(await look()).toEqual({ stalled: 0, failed: 0 });
    expect(await lab.task(leased.task.id)).toMatchObject({ stallDueAt: null, stalledAt: null });
  });

  it('an edge that is not heard of has not stalled: its lease expires, and can be revived', async () => {
    await submit({ leaseSeconds: 60, onStall: 'fail' });
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS);
    expect(await look()).toEqual({ stalled: 0, failed: 0 });
    await lab.sweep();
    await beat(leased);
    lab.clock.advance(59_999);
    expect(await look()).toEqual({ stalled: 0, failed: 0 });
    await beat(leased);
    lab.clock.advance(STALL_MS - 59_999);
    await beat(leased);
    expect(await look()).toEqual({ stalled: 0, failed: 1 });
  });

  it.each([0, 1])(
    'a start of the gateway begins the time anew, after %d other starts',
    async (n) => {
      await submit({ onStall: 'fail' });
      const leased = await lab.leaseOne(edge);
      for (let start = 0; start <= n; start += 1) {
        lab.clock.advance(STALL_MS);
        await lab.restart();
      }
      lab.clock.advance(STALL_MS - 1);
      expect(await look()).toEqual({ stalled: 0, failed: 0 });
      await beat(leased);
      lab.clock.advance(1);
      expect(await look()).toEqual({ stalled: 0, failed: 1 });
    },
  );

  it('a mark outlives a start of the gateway', async () => {
    await submit();
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS);
    await look();
    await lab.restart();
    lab.clock.advance(STALL_MS);
    expect(await look()).toEqual({ stalled: 0, failed: 0 });
    expect(await stalledAt(leased)).not.toBeNull();
  });

  it('fails the attempt where the job says so, and the task with its last one', async () => {
    const job = await submit({ onStall: 'fail', maxAttempts: 2 });
    const first = await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS);
    expect(await look()).toEqual({ stalled: 0, failed: 1 });
    const queued = await lab.task(first.task.id);
    expect(queued).toMatchObject({ status: 'queued', burntAttempts: 1, stalledAt: null });
    expect(queued.availableAt).toBeGreaterThan(lab.clock.now());
    await expect(beat(first, { processed: 1 })).rejects.toMatchObject({ code: 'lease.lost' });
    lab.clock.advance(400_000);
    await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS);
    await look();
    expect(await lab.job(job.id)).toMatchObject({ status: 'failed', errorCode: 'task.stalled' });
    expect(await lab.attempts(first.task.id)).toMatchObject([
      { outcome: 'timed_out', isBurnt: true, errorCode: 'task.stalled' },
      { outcome: 'timed_out', isBurnt: true, errorCode: 'task.stalled' },
    ]);
  });

  it('siblings that stall together end together, though the first one fails their job', async () => {
    const job = await submit({ tasks: [{}, {}, {}], onStall: 'fail', maxAttempts: 1 });
    await lab.lease(edge, { max: 3 });
    lab.clock.advance(STALL_MS);
    expect(await look()).toEqual({ stalled: 0, failed: 1 });
    expect(await lab.job(job.id)).toMatchObject({ status: 'failed', errorCode: 'task.stalled' });
  });

  it('more than one batch at once', async () => {
    await submit({ tasks: Array.from({ length: 250 }, () => ({})) });
    while ((await lab.lease(edge, { max: 100 })).length > 0);
    lab.clock.advance(STALL_MS);
    expect(await look()).toEqual({ stalled: 250, failed: 0 });
  });

  it('what ended or was leased anew is not marked any more', async () => {
    await submit();
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(STALL_MS);
    await look();
    await lab.release(edge, leased);
    expect(await stalledAt(leased)).toBeNull();
    const again = await lab.leaseOne(edge);
    expect(await lab.task(again.task.id)).toMatchObject({
      stalledAt: null,
      stallDueAt: lab.clock.now() + STALL_MS,
    });
  });
});
