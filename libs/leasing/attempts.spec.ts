import { Heartbeats } from '@foreman/progress';
import type { LeasedTask } from './lease-request';
import { LeasingLab } from './spec/leasing-lab';

describe('attempts', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const beat = (edgeId: string, leased: LeasedTask, started?: boolean) =>
    lab.engine.get(Heartbeats).beat(edgeId, {
      taskId: leased.task.id,
      leaseToken: leased.leaseToken,
      ...(started !== undefined && { started }),
    });
  /** Past every backoff. */
  const wait = () => lab.clock.advance(400_000);

  it('a lease ends by time only when the sweeper says so', async () => {
    await lab.submit({ leaseSeconds: 10 });
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(3_600_000);
    expect((await beat(edge.edgeId, leased)).action).toBe('continue');
    lab.clock.advance(9_999);
    expect((await lab.sweep()).expired).toBe(0);
    lab.clock.advance(1);
    expect((await lab.sweep()).expired).toBe(1);
    expect(await lab.task(leased.task.id)).toMatchObject({ status: 'queued', leaseToken: null });
  });

  it('an expiry before the start gives the attempt back, five times', async () => {
    const job = await lab.submit({ maxAttempts: 1 });
    const edge = lab.edge();
    for (let round = 0; round < 5; round += 1) {
      const leased = await lab.leaseOne(edge);
      await beat(edge.edgeId, leased, false);
      lab.clock.advance(60_001);
      await lab.sweep();
    }
    expect((await lab.job(job.id)).status).toBe('running');
    const last = await lab.leaseOne(edge);
    lab.clock.advance(60_001);
    await lab.sweep();
    expect(await lab.job(job.id)).toMatchObject({ status: 'failed', errorCode: 'lease.expired' });
    const attempts = await lab.attempts(last.task.id);
    expect(attempts.map(({ number, outcome, isBurnt }) => [number, outcome, isBurnt])).toEqual([
      [1, 'expired', false],
      [2, 'expired', false],
      [3, 'expired', false],
      [4, 'expired', false],
      [5, 'expired', false],
      [6, 'expired', true],
    ]);
  });

  it('an expiry after the start burns the attempt; the last one fails the task', async () => {
    const job = await lab.submit({ maxAttempts: 2 });
    const edge = lab.edge();
    for (let round = 1; round <= 2; round += 1) {
      await beat(edge.edgeId, await lab.leaseOne(edge));
      lab.clock.advance(60_001);
      await lab.sweep();
      wait();
    }
    expect((await lab.job(job.id)).status).toBe('failed');
  });

  it('a failure burns, waits with a growing backoff, and keeps its history', async () => {
    await lab.submit({ maxAttempts: 3 });
    const edge = lab.edge();
    const waits: number[] = [];
    for (let round = 1; round <= 2; round += 1) {
      const { availableAt, status } = await lab.fail(edge, await lab.leaseOne(edge));
      expect(status).toBe('queued');
      waits.push(availableAt! - lab.clock.now());
      expect(await lab.lease(edge)).toEqual([]);
      wait();
    }
    expect(waits[0]).toBeGreaterThanOrEqual(900);
    expect(waits[0]).toBeLessThanOrEqual(1100);
    expect(waits[1]).toBeGreaterThanOrEqual(1800);
    expect(waits[1]).toBeLessThanOrEqual(2200);
    const last = await lab.leaseOne(edge);
    expect(await lab.fail(edge, last)).toEqual({ status: 'failed', availableAt: null });
    const attempts = await lab.attempts(last.task.id);
    expect(attempts.map(({ errorCode, isBurnt }) => [errorCode, isBurnt])).toEqual([
      ['test.failed', true],
      ['test.failed', true],
      ['test.failed', true],
    ]);
  });

  it('a failure may name its wait, or be final at once', async () => {
    await lab.submit({ tasks: [{}, {}], onTaskFailure: 'continue' });
    const edge = lab.edge();
    const [first, second] = await lab.lease(edge, { max: 2 });
    expect(await lab.fail(edge, first!, true, 90)).toEqual({
      status: 'queued',
      availableAt: lab.clock.now() + 90_000,
    });
    expect((await lab.fail(edge, second!, false)).status).toBe('failed');
  });

  it('a hand-back burns nothing and is available at once', async () => {
    await lab.submit({ maxAttempts: 1 });
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    await beat(edge.edgeId, leased);
    const released = await lab.release(edge, leased);
    expect(await lab.release(edge, leased)).toEqual(released);
    const again = await lab.leaseOne(lab.edge());
    expect(again.task.attempt).toBe(2);
    expect((await lab.task(again.task.id)).burntAttempts).toBe(0);
  });

  it('a timeout ends an attempt whatever the heartbeats', async () => {
    const job = await lab.submit({ timeoutSeconds: 100, maxAttempts: 1 });
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    for (let passed = 0; passed < 99; passed += 33) {
      lab.clock.advance(33_000);
      await beat(edge.edgeId, leased);
      expect((await lab.sweep()).timedOut).toBe(0);
    }
    lab.clock.advance(1000);
    expect((await lab.sweep()).timedOut).toBe(1);
    expect((await lab.job(job.id)).errorCode).toBe('task.timed_out');
    await expect(beat(edge.edgeId, leased)).rejects.toMatchObject({ code: 'lease.lost' });
  });

  it('a task that was never leased in time fails with job.not_started', async () => {
    const job = await lab.submit({ startBySeconds: 60 });
    const leasedInTime = await lab.submit({ kind: 'other', startBySeconds: 60 });
    await lab.leaseOne(lab.edge({ kinds: ['other'] }));
    lab.clock.advance(60_000);
    expect(await lab.lease(lab.edge())).toEqual([]);
    expect((await lab.sweep()).notStarted).toBe(1);
    expect((await lab.job(job.id)).errorCode).toBe('job.not_started');
    expect((await lab.job(leasedInTime.id)).status).toBe('running');
  });

  it('tasks that expire together end together, though the first one fails their job', async () => {
    const job = await lab.submit({ tasks: [{}, {}, {}], maxAttempts: 1 });
    const edge = lab.edge();
    for (const leased of await lab.lease(edge, { max: 3 })) await beat(edge.edgeId, leased);
    lab.clock.advance(60_001);
    await lab.sweep();
    expect(await lab.job(job.id)).toMatchObject({ status: 'failed', errorCode: 'lease.expired' });
    expect((await lab.sweep()).expired).toBe(0);
  });

  describe('a late call', () => {
    const expire = async (leased: LeasedTask, started = true) => {
      await beat(holder.edgeId, leased, started);
      lab.clock.advance(60_001);
      await lab.sweep();
    };
    let holder: ReturnType<LeasingLab['edge']>;
    beforeEach(() => {
      holder = lab.edge();
    });

    it.each([true, false])('revives its lease and undoes the expiry (started: %s)', async (s) => {
      const job = await lab.submit({ maxAttempts: 2, timeoutSeconds: 600 });
      const leased = await lab.leaseOne(holder);
      const before = await lab.task(leased.task.id);
      await expire(leased, s);
      await beat(holder.edgeId, leased, false);
      expect(await lab.task(leased.task.id)).toMatchObject({
        status: 'leased',
        leaseToken: leased.leaseToken,
        burntAttempts: 0,
        returnedExpiries: 0,
        isStarted: s,
        leasedAt: before.leasedAt,
      });
      expect(await lab.attempts(leased.task.id)).toMatchObject([{ outcome: null, endedAt: null }]);
      expect(await lab.eventTypes(job.id)).toContain('task.revived');
      expect((await lab.complete(holder, leased)).jobStatus).toBe('completed');
    });

    it('does not once somebody has leased the task', async () => {
      await lab.submit();
      const leased = await lab.leaseOne(holder);
      await expire(leased);
      wait();
      const taken = await lab.leaseOne(lab.edge());
      await expect(beat(holder.edgeId, leased)).rejects.toMatchObject({
        code: 'lease.lost',
        details: { task: { id: taken.task.id, status: 'leased', attempt: 2 } },
      });
    });

    it('does not after a failure, a hand-back or a timeout', async () => {
      await lab.submit({ tasks: [{}, {}, {}], timeoutSeconds: 1000 });
      const [failed, released, slow] = await lab.lease(holder, { max: 3 });
      await lab.fail(holder, failed!);
      await lab.release(holder, released!);
      lab.clock.advance(1_000_000);
      await lab.sweep();
      for (const leased of [failed!, released!, slow!]) {
        await expect(beat(holder.edgeId, leased)).rejects.toMatchObject({ code: 'lease.lost' });
      }
    });
  });
});
