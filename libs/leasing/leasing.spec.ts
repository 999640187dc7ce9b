import { Queues } from '@foreman/jobs';
import { LeasingLab } from './spec/leasing-lab';

describe('leasing', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const key = (value: string) => ({ idempotency: { key: value, path: 'tasks/next' } });

  it('gives the highest priority first, then the oldest', async () => {
    const low = await lab.submit({ priority: -5 });
    const old = await lab.submit({ priority: 7 });
    const young = await lab.submit({ priority: 7 });
    const edge = lab.edge();
    const order = await lab.lease(edge, { max: 10 });
    expect(order.map(({ task }) => task.jobId)).toEqual([old.id, young.id, low.id]);
  });

  it('leases fewer than it may when their payloads are large, so that they can be answered', async () => {
    await lab.submit({ payload: { prices: 'x'.repeat(7_000_000) }, tasks: [{}, {}, {}, {}, {}] });
    const edge = lab.edge();
    expect(await lab.lease(edge, { max: 100 })).toHaveLength(3);
    expect(await lab.lease(edge, { max: 100 })).toHaveLength(2);
  });

  it('gives a task to one edge only', async () => {
    await lab.submit();
    const leased = await Promise.all([1, 2, 3, 4].map(() => lab.lease(lab.edge())));
    expect(leased.flat()).toHaveLength(1);
  });

  it.each([
    ['kinds', { kind: 'other' }, {}],
    ['a narrowed poll', {}, { kinds: ['other'] }],
    ['an assignment', { assignedEdgeId: 'somebody else' }, {}],
    ['labels', { requires: { gpu: 'true' } }, {}],
    ['a time that has not come', { runAt: Date.parse('2027-01-01') }, {}],
  ])('respects %s', async (_what, command, request) => {
    await lab.submit(command);
    expect(await lab.lease(lab.edge(), request)).toEqual([]);
  });

  it('finds the edge that has all the labels, more labels included', async () => {
    await lab.submit({ requires: { gpu: 'true', site: 'north' } });
    expect(await lab.lease(lab.edge({ labels: { gpu: 'true' } }))).toEqual([]);
    expect(await lab.lease(lab.edge({ labels: { gpu: 'false', site: 'north' } }))).toEqual([]);
    const labels = { gpu: 'true', site: 'north', fast: 'yes' };
    expect(await lab.lease(lab.edge({ labels }))).toHaveLength(1);
  });

  it('prefers, among assigned and free tasks, by priority alone', async () => {
    const edge = lab.edge();
    const free = await lab.submit({ priority: 5 });
    const assigned = await lab.submit({ assignedEdgeId: edge.edgeId, priority: 1 });
    const order = await lab.lease(edge, { max: 2 });
    expect(order.map(({ task }) => task.jobId)).toEqual([free.id, assigned.id]);
  });

  it('leaves a paused queue alone until it is resumed', async () => {
    await lab.submit({ queue: 'night' });
    const queues = lab.engine.get(Queues);
    await queues.pause('night');
    expect(await lab.lease(lab.edge())).toEqual([]);
    await queues.resume('night');
    expect(await lab.lease(lab.edge())).toHaveLength(1);
  });

  it('gives a draining edge nothing, and says when to ask again', async () => {
    await lab.submit();
    for (const desired of ['drain', 'stop'] as const) {
      expect(await lab.lease(lab.edge({ desired }))).toEqual([]);
    }
  });

  it('keeps within maxLeases', async () => {
    await lab.submit({ tasks: [{}, {}, {}] });
    const edge = lab.edge({ maxLeases: 2 });
    const first = await lab.lease(edge, { max: 10 });
    expect(first).toHaveLength(2);
    expect(await lab.lease(edge, { max: 10 })).toEqual([]);
    await lab.release(edge, first[0]!);
    expect(await lab.lease(edge, { max: 10 })).toHaveLength(1);
  });

  it('merges the payload of task over job, shallowly', async () => {
    await lab.submit({ payload: { a: { x: 1 }, b: 2 }, tasks: [{ payload: { a: { y: 3 } } }] });
    expect((await lab.leaseOne(lab.edge())).payload).toEqual({ a: { y: 3 }, b: 2 });
  });

  describe('repeated with its key', () => {
    it('tells a draining edge again what it holds, and leases it nothing', async () => {
      await lab.submit({ tasks: [{}, {}] });
      const edge = lab.edge();
      const first = await lab.leaseOne(edge, key('k'));
      await lab.change(edge, { desired: 'drain' });
      expect((await lab.leaseOne(edge, key('k'))).leaseToken).toBe(first.leaseToken);
      expect(await lab.lease(edge, key('other'))).toEqual([]);
    });

    it('answers the same lease while it lives', async () => {
      await lab.submit({ tasks: [{}, {}] });
      const edge = lab.edge();
      const first = await lab.leaseOne(edge, key('k'));
      const again = await lab.leaseOne(edge, key('k'));
      expect(again.leaseToken).toBe(first.leaseToken);
      expect((await lab.leaseOne(edge, key('other'))).leaseToken).not.toBe(first.leaseToken);
    });

    it('leases nothing once that lease is over', async () => {
      await lab.submit({ tasks: [{}, {}] });
      const edge = lab.edge();
      await lab.complete(edge, await lab.leaseOne(edge, key('k')));
      await expect(lab.lease(edge, key('k'))).rejects.toMatchObject({ code: 'idempotency.ended' });
      expect(await lab.lease(lab.edge())).toHaveLength(1);
    });

    it('refuses another body, and keeps edges apart', async () => {
      await lab.submit({ tasks: [{}, {}] });
      const edge = lab.edge();
      await lab.lease(edge, key('k'));
      const other = lab.lease(edge, { ...key('k'), max: 2 });
      await expect(other).rejects.toMatchObject({ code: 'idempotency.conflict' });
      expect(await lab.lease(lab.edge(), key('k'))).toHaveLength(1);
    });

    it('leases nothing when it was answered empty before', async () => {
      const edge = lab.edge();
      expect(await lab.lease(edge, key('k'))).toEqual([]);
      await lab.submit();
      expect(await lab.lease(edge, key('k'))).toEqual([]);
      expect(await lab.lease(edge, key('new'))).toHaveLength(1);
    });

    it('answers, of several, those that still live', async () => {
      await lab.submit({ tasks: [{}, {}, {}] });
      const edge = lab.edge();
      const request = { idempotency: { key: 'k', path: 'tasks/lease' }, max: 3 };
      const [first, ...rest] = await lab.lease(edge, request);
      await lab.complete(edge, first!);
      const living = await lab.lease(edge, request);
      expect(living.map((t) => t.leaseToken)).toEqual(rest.map((t) => t.leaseToken));
    });
  });

  it.each([
    { max: 0 },
    { max: 101 },
    { max: 1.5 },
    { waitSeconds: -1 },
    { waitSeconds: 51 },
    { waitSeconds: Number.NaN },
  ])('refuses %j', async (request) => {
    await expect(lab.lease(lab.edge(), request)).rejects.toMatchObject({ code: 'request.invalid' });
  });
});
