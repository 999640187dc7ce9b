import { JobLifecycle, Queues, forgetEmptyGroups, type GroupPlace } from '@foreman/jobs';
import type { EdgePrincipal } from '@foreman/edges';
import type { LeasedTask } from '../lease-request';
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
    for (const queue of ['a', 'b', 'c']) await lab.submit({ queue, tasks: tasks(200) });
    await lab.engine.get(Queues).pause('c');
    const edge = lab.edge();
    expect(shares(await leaseQueues(edge, 50))).toEqual({ a: 25, b: 25 });
    await lab.engine.get(Queues).resume('c');
    expect(shares(await leaseQueues(edge, 60))).toEqual({ a: 20, b: 20, c: 20 });
  });

  it('a queue that comes later starts where the others are', async () => {
    for (const queue of ['a', 'b']) await lab.submit({ queue, tasks: tasks(200) });
    const edge = lab.edge();
    await leaseQueues(edge, 50);
    await lab.submit({ queue: 'late', tasks: tasks(200) });
    expect(shares(await leaseQueues(edge, 60))).toEqual({ a: 20, b: 20, late: 20 });
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

  it('comes from one queue after the other, however many there are', async () => {
    for (let number = 0; number < 150; number += 1) {
      await lab.submit({ queue: `q${number}`, tasks: tasks(2) });
    }
    const served = await leaseQueues(lab.edge(), 300, 100);
    expect(new Set(served.slice(0, 150)).size).toBe(150);
    expect(new Set(served.slice(150)).size).toBe(150);
  });

  it('comes from each of two queues, however fast another is served among other edges', async () => {
    const wide = lab.edge({ kinds: ['slow'] });
    const other = lab.edge({ kinds: ['quick'] });
    await lab.submit({ kind: 'slow', queue: 'a', tasks: tasks(50) });
    await lab.submit({ kind: 'slow', queue: 'b', tasks: tasks(50) });
    await lab.submit({ kind: 'quick', queue: 'c', tasks: tasks(200) });
    await lab.submit({ kind: 'quick', queue: 'd', tasks: tasks(200) });
    const served: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      served.push(...(await leaseQueues(wide, 1)));
      await leaseQueues(other, 20);
    }
    expect(shares(served)).toEqual({ a: 5, b: 5 });
  });

  it('a kind that has run ahead among other edges is not set back for it', async () => {
    const narrow = lab.edge({ kinds: ['ahead'] });
    await lab.submit({ kind: 'ahead', queue: 'a', tasks: tasks(500) });
    await lab.submit({ kind: 'ahead', queue: 'b', tasks: tasks(500) });
    await leaseQueues(narrow, 400, 100);
    await lab.submit({ kind: 'behind', queue: 'c', tasks: tasks(500) });
    await lab.submit({ kind: 'behind', queue: 'd', tasks: tasks(500) });
    const both = lab.edge({ kinds: ['ahead', 'behind'] });
    const served = shares(await leaseQueues(both, 80));
    expect(served).toEqual({ a: 20, b: 20, c: 20, d: 20 });
  });

  it('a queue that has a task only now and then has no more than its share', async () => {
    await lab.submit({ queue: 'steady', tasks: tasks(200) });
    const edge = lab.edge();
    const served: string[] = [];
    for (let round = 0; round < 40; round += 1) {
      const waiting = await lab.engine.reads.query(
        `SELECT 1 FROM tasks WHERE queue = 'single' AND status = 'queued'`,
      );
      if (waiting.length === 0) await lab.submit({ queue: 'single' });
      served.push(...(await leaseQueues(edge, 1)));
    }
    expect(shares(served)).toEqual({ single: 20, steady: 20 });
  });
});

/** A poll that says 'nothing' has looked at everything that it may run. */
describe('a task that is there', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const known = (table: string) =>
    lab.engine.reads.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);

  it('is found by each poll beside thousands of groups that the edge cannot run', async () => {
    for (let batch = 0; batch < 3; batch += 1) {
      const requires = (index: number) => ({ arch: 'x64', customer: `${batch}-${index}` });
      const many = Array.from({ length: 1000 }, (_, index) => ({ requires: requires(index) }));
      await lab.submit({ tasks: many });
    }
    const edge = lab.edge({ labels: { customer: '2-999', arch: 'x64', zone: 'a' } });
    const byLabel = await lab.leaseOne(edge);
    expect(byLabel.task.requires).toEqual({ customer: '2-999', arch: 'x64' });
    expect(await lab.lease(edge)).toEqual([]);
    for (let turn = 0; turn < 3; turn += 1) {
      await lab.submit({ assignedEdgeId: edge.edgeId });
      expect((await lab.leaseOne(edge)).task.assignedEdgeId).toBe(edge.edgeId);
    }
    // All of them require the one that every edge has: most are found by the rare one all the same.
    const found = await lab.engine.reads.query(
      `SELECT 1 FROM claim_classes WHERE label = 'arch=x64'`,
    );
    expect(found.length).toBeLessThanOrEqual(64);
  });

  it('is found behind more groups than one look goes through that hold nothing any more', async () => {
    const ended: string[] = [];
    for (let number = 0; number < 250; number += 1) {
      ended.push((await lab.submit({ queue: `q${number}` })).id);
    }
    const wanted = await lab.submit({ queue: 'z' });
    const lifecycle = lab.engine.get(JobLifecycle);
    await lab.engine.unitOfWork.run(async (tx) => {
      for (const id of ended) await lifecycle.cancel(tx, id, lab.clock.now());
    });
    expect((await lab.leaseOne(lab.edge())).task.jobId).toBe(wanted.id);
    expect(await lab.lease(lab.edge())).toEqual([]);
    expect(await known('claim_groups')).toEqual([{ count: 0 }]);
  });

  it('is found behind more classes than one claim looks at, each of which holds nothing any more', async () => {
    const kinds = Array.from({ length: 100 }, (_, index) => `kind-${index}`);
    const labels = { site: 'a' };
    const ended: string[] = [];
    for (const [index, kind] of kinds.entries()) {
      for (const requires of [{}, labels]) {
        const queue = `q${index}-${Object.keys(requires).length}`;
        ended.push((await lab.submit({ kind, queue, requires })).id);
      }
    }
    const wanted = await lab.submit({ kind: 'kind-50', queue: 'z' });
    const lifecycle = lab.engine.get(JobLifecycle);
    await lab.engine.unitOfWork.run(async (tx) => {
      for (const id of ended) await lifecycle.cancel(tx, id, lab.clock.now());
      // All others come before it.
      await tx.execute(`UPDATE claim_groups SET position = 1 WHERE queue = 'z'`);
    });
    const edge = lab.edge({ kinds, labels });
    expect((await lab.leaseOne(edge)).task.jobId).toBe(wanted.id);
  });

  it('is found behind an empty group, and one that stands further keeps its place', async () => {
    const jobs = new Map<string, string>();
    for (const queue of ['a', 'b', 'c']) jobs.set(queue, (await lab.submit({ queue })).id);
    const lifecycle = lab.engine.get(JobLifecycle);
    await lab.engine.unitOfWork.run(async (tx) => {
      for (const queue of ['a', 'c']) {
        await lifecycle.cancel(tx, jobs.get(queue) ?? '', lab.clock.now());
      }
      await tx.execute(`UPDATE claim_groups SET position = 3 WHERE queue = 'b'`);
      await tx.execute(`UPDATE claim_groups SET position = 5 WHERE queue = 'c'`);
    });
    expect((await lab.leaseOne(lab.edge())).task.jobId).toBe(jobs.get('b'));
    const groups = await lab.engine.reads.query('SELECT queue FROM claim_groups ORDER BY queue');
    expect(groups).toEqual([{ queue: 'b' }, { queue: 'c' }]);
  });

  it('is found after retention has forgotten the groups that no claim comes across', async () => {
    const ended = await lab.submit({ kind: 'rare', tasks: [{}, { requires: { a: 'b' } }] });
    await lab.submit({ kind: 'rare', queue: 'other', assignedEdgeId: lab.edge().edgeId });
    const lifecycle = lab.engine.get(JobLifecycle);
    await lab.engine.unitOfWork.run((tx) => lifecycle.cancel(tx, ended.id, lab.clock.now()));
    const wanted = await lab.submit({ kind: 'rare', requires: { c: 'd' } });
    let place: GroupPlace | null = { classId: 0, queue: '' };
    for (let turn = 0; place !== null; turn += 1) {
      const from: GroupPlace = place;
      place = await lab.engine.unitOfWork.run((tx) => forgetEmptyGroups(tx, from, 1));
      expect(turn).toBeLessThan(6);
    }
    expect([await known('claim_groups'), await known('claim_classes')]).toEqual([
      [{ count: 2 }],
      [{ count: 2 }],
    ]);
    const edge = lab.edge({ kinds: ['rare'], labels: { c: 'd' } });
    expect((await lab.leaseOne(edge)).task.jobId).toBe(wanted.id);
  });

  it('is found behind queues whose tasks can only fail by their start limit', async () => {
    for (const queue of ['a', 'b', 'c']) await lab.submit({ queue, startBySeconds: 1 });
    lab.clock.advance(1001);
    expect(await lab.lease(lab.edge())).toEqual([]);
    await lab.submit({ queue: 'd' });
    expect((await lab.leaseOne(lab.edge())).task.queue).toBe('d');
    expect(await known('claim_groups')).toEqual([{ count: 4 }]);
  });

  it('is found when more tasks have become due than one unit of work brings in', async () => {
    const runAt = lab.clock.now() + 1000;
    const tasks = Array.from({ length: 1000 }, () => ({ requires: { gpu: 'true' } }));
    await lab.submit({ runAt, tasks });
    const wanted = await lab.submit({ runAt });
    lab.clock.advance(1000);
    expect((await lab.leaseOne(lab.edge())).task.jobId).toBe(wanted.id);
  });

  it.each([
    ['it was handed back', (edge, leased) => lab.release(edge, leased)],
    ['its attempt failed', (edge, leased) => lab.fail(edge, leased, true, 0)],
    ['its edge was revoked', (edge) => lab.revoke(edge)],
    [
      'its lease expired',
      async () => {
        lab.clock.advance(60_001);
        await lab.sweep();
      },
    ],
    [
      'its job was retried',
      async (_edge, { task }) => {
        const lifecycle = lab.engine.get(JobLifecycle);
        await lab.engine.unitOfWork.run(async (tx) => {
          await lifecycle.cancel(tx, task.jobId, lab.clock.now());
          await lifecycle.retry(tx, task.jobId, lab.clock.now());
        });
      },
    ],
    [
      'it came due after a backoff',
      async (edge, leased) => {
        await lab.fail(edge, leased, true, 5);
        lab.clock.advance(5000);
      },
    ],
    [
      'its queue goes on',
      async (edge, leased) => {
        await lab.engine.get(Queues).pause('default');
        await lab.release(edge, leased);
        await lab.engine.get(Queues).resume('default');
      },
    ],
  ] satisfies [string, (edge: EdgePrincipal, leased: LeasedTask) => Promise<unknown>][])(
    'is found again once %s, although its group was forgotten',
    async (_what, happens) => {
      const { id } = await lab.submit();
      const edge = lab.edge();
      const leased = await lab.leaseOne(edge);
      expect(await lab.lease(lab.edge())).toEqual([]);
      expect(await known('claim_groups')).toEqual([{ count: 0 }]);
      await happens(edge, leased);
      expect((await lab.leaseOne(lab.edge())).task.jobId).toBe(id);
    },
  );
});
