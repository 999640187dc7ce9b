import { UnitOfWork } from '@foreman/database';
import { Queues } from '@foreman/jobs';
import type { EdgePrincipal } from '@foreman/edges';
import { LeasingLab } from '../spec/leasing-lab';

/** Which task an edge gets when there are many that it could run. */
describe('the next task', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const tasks = (count: number) => Array.from({ length: count }, () => ({}));
  /** The queues of the next leases, in order. */
  const leaseQueues = async (edge: EdgePrincipal, count: number, max = 1): Promise<string[]> => {
    const queues: string[] = [];
    while (queues.length < count) {
      const leased = await lab.lease(edge, { max });
      if (leased.length === 0) break;
      queues.push(...leased.map(({ task }) => task.queue));
    }
    return queues;
  };
  const shares = (queues: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const queue of queues) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    return Object.fromEntries(counts);
  };

  it('comes from the queues in proportion to their weights, however long they are', async () => {
    for (let batch = 0; batch < 4; batch += 1) {
      await lab.submit({ queue: 'long', tasks: tasks(1000) });
    }
    await lab.submit({ queue: 'heavy', tasks: tasks(150) });
    await lab.submit({ queue: 'light', tasks: tasks(60) });
    await lab.engine.get(Queues).setWeight('heavy', 3);
    const edge = lab.edge();
    expect(shares(await leaseQueues(edge, 200))).toEqual({ heavy: 120, long: 40, light: 40 });
    // The short queues have run dry: the long one gets the rest.
    const rest = shares(await leaseQueues(edge, 200));
    expect(rest).toEqual({ heavy: 30, light: 20, long: 150 });
  });

  it('the same within one request for many', async () => {
    await lab.submit({ queue: 'a', tasks: tasks(500) });
    await lab.submit({ queue: 'b', tasks: tasks(500) });
    await lab.engine.get(Queues).setWeight('b', 4);
    expect(shares(await leaseQueues(lab.edge(), 200, 100))).toEqual({ a: 40, b: 160 });
  });

  it('a priority counts within its queue, and starves no other', async () => {
    await lab.submit({ queue: 'loud', priority: 100, tasks: tasks(20) });
    await lab.submit({ queue: 'quiet', priority: -100, tasks: tasks(20) });
    await lab.submit({ queue: 'quiet', priority: 5 });
    const edge = lab.edge();
    expect(shares(await leaseQueues(edge, 20))).toEqual({ loud: 10, quiet: 10 });
    expect(
      (
        await lab.engine.reads.query(
          `SELECT 1 FROM tasks WHERE queue = 'quiet' AND priority = 5 AND status = 'leased'`,
        )
      ).length,
    ).toBe(1);
  });

  it('a paused queue has no share, and no debt when it goes on', async () => {
    await lab.submit({ queue: 'a', tasks: tasks(200) });
    await lab.submit({ queue: 'b', tasks: tasks(200) });
    await lab.engine.get(Queues).pause('b');
    const edge = lab.edge();
    expect(shares(await leaseQueues(edge, 50))).toEqual({ a: 50 });
    await lab.engine.get(Queues).resume('b');
    expect(shares(await leaseQueues(edge, 100))).toEqual({ a: 50, b: 50 });
  });

  it('is found behind any number of tasks that this edge cannot run', async () => {
    await lab.submit({ priority: 50, requires: { gpu: 'true' }, tasks: tasks(1000) });
    await lab.submit({ priority: 50, tasks: tasks(1000), runAt: lab.clock.now() + 60_000 });
    await lab.submit({ priority: 50, tasks: tasks(1000), assignedEdgeId: lab.edge().edgeId });
    const wanted = await lab.submit({ priority: -50 });
    const leased = await lab.leaseOne(lab.edge());
    expect(leased.task.jobId).toBe(wanted.id);
  });

  it('each of a task’s labels must be the edge’s, and an edge may have more', async () => {
    const job = await lab.submit({
      requires: { gpu: 'true' },
      tasks: [{ requires: { zone: 'b' } }],
    });
    expect(await lab.lease(lab.edge({ labels: { gpu: 'true' } }))).toEqual([]);
    expect(await lab.lease(lab.edge({ labels: { gpu: 'true', zone: 'a' } }))).toEqual([]);
    const able = lab.edge({ labels: { zone: 'b', gpu: 'true', other: 'x' } });
    expect((await lab.leaseOne(able)).task.jobId).toBe(job.id);
  });

  it('every one of more queues than a look takes has its turn', async () => {
    const queues = 1203;
    await lab.engine.get(UnitOfWork).run(async (tx) => {
      for (let number = 0; number < queues; number += 1) {
        await tx.insert('queues', { name: `q${number}`, created_at: lab.clock.now() });
      }
    });
    const job = await lab.submit({ queue: 'q0', tasks: tasks(1000) });
    const second = await lab.submit({ queue: 'q0', tasks: tasks(queues - 1000) });
    await lab.engine.get(UnitOfWork).run(async (tx) => {
      const ids = await tx.query<{ id: string }>(
        'SELECT id FROM tasks WHERE job_id IN (?, ?) ORDER BY id',
        [job.id, second.id],
      );
      for (const [number, { id }] of ids.entries()) {
        await tx.execute('UPDATE tasks SET queue = ?, claim_group = ? WHERE id = ?', [
          `q${number}`,
          `test\nq${number}\n`,
          id,
        ]);
      }
    });
    const served = await leaseQueues(lab.edge(), queues, 100);
    expect(new Set(served).size).toBe(queues);
  });
});
