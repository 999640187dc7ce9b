import { StoredTimes, UnitOfWork } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { Logger } from '@nestjs/common';
import { Heartbeats } from '@foreman/progress';
import type { EdgePrincipal } from '@foreman/edges';
import { LeaseSweep } from './lease-sweep';
import type { LeasedTask } from '../lease-request';
import { LeasingLab } from '../spec/leasing-lab';

const HOUR_MS = 3_600_000;

/** What waits keeps what is left of its time, whichever way the wall clock is set. */
describe.each([
  ['forward by two days', 48 * HOUR_MS],
  ['forward by a minute', 60_000],
  ['back by an hour', -HOUR_MS],
  ['back by thirty years', -30 * 365 * 24 * HOUR_MS],
])('the wall clock is set %s', (_how, stepMs) => {
  let lab: LeasingLab;
  let edge: EdgePrincipal;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    lab = await LeasingLab.open();
    edge = lab.edge();
  });
  afterEach(() => lab.close());

  const beat = (leased: LeasedTask) =>
    lab.engine
      .get(Heartbeats)
      .beat(edge.edgeId, { taskId: leased.task.id, leaseToken: leased.leaseToken });
  const now = () => lab.engine.get(Clock).now();

  it('a lease has as long to live as before', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(20_000);
    lab.clock.jumpWall(stepMs);
    expect((await lab.sweep()).expired).toBe(0);
    expect(now()).toBe(lab.clock.now());
    expect((await lab.task(leased.task.id)).leaseExpiresAt).toBe(lab.clock.now() + 40_000);
    lab.clock.advance(39_999);
    expect((await lab.sweep()).expired).toBe(0);
    lab.clock.advance(1);
    expect((await lab.sweep()).expired).toBe(1);
  });

  it('a lease that is extended between the step and its discovery too', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(edge);
    lab.clock.jumpWall(stepMs);
    lab.clock.advance(30_000);
    await beat(leased);
    await lab.sweep();
    expect((await lab.task(leased.task.id)).leaseExpiresAt).toBe(lab.clock.now() + 60_000);
  });

  it('an attempt times out after its own time', async () => {
    await lab.submit({ timeoutSeconds: 100, maxAttempts: 1, leaseSeconds: 600 });
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(40_000);
    lab.clock.jumpWall(stepMs);
    expect((await lab.sweep()).timedOut).toBe(0);
    lab.clock.advance(59_999);
    expect((await lab.sweep()).timedOut).toBe(0);
    lab.clock.advance(1);
    expect((await lab.sweep()).timedOut).toBe(1);
    expect((await lab.task(leased.task.id)).errorCode).toBe('task.timed_out');
  });

  it('so does one whose lease had expired and was revived', async () => {
    await lab.submit({ timeoutSeconds: 100, leaseSeconds: 10 });
    const leased = await lab.leaseOne(edge);
    await beat(leased);
    lab.clock.advance(10_000);
    expect((await lab.sweep()).expired).toBe(1);
    lab.clock.jumpWall(stepMs);
    await lab.sweep();
    await beat(leased);
    expect((await lab.task(leased.task.id)).leasedAt).toBe(lab.clock.now() - 10_000);
  });

  it('a backoff is as long as before', async () => {
    await lab.submit();
    await lab.fail(edge, await lab.leaseOne(edge), true, 100);
    lab.clock.advance(40_000);
    lab.clock.jumpWall(stepMs);
    await lab.sweep();
    lab.clock.advance(59_999);
    expect(await lab.lease(edge)).toHaveLength(0);
    lab.clock.advance(1);
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it('startBySeconds counts what has really passed', async () => {
    const job = await lab.submit({ startBySeconds: 100 });
    lab.clock.advance(40_000);
    lab.clock.jumpWall(stepMs);
    expect((await lab.sweep()).notStarted).toBe(0);
    lab.clock.advance(59_999);
    expect((await lab.sweep()).notStarted).toBe(0);
    lab.clock.advance(1);
    expect((await lab.sweep()).notStarted).toBe(1);
    expect((await lab.job(job.id)).status).toBe('failed');
  });

  it('runAt means the time that was named', async () => {
    const runAt = lab.clock.now() + 30 * 24 * HOUR_MS;
    await lab.submit({ runAt });
    lab.clock.jumpWall(stepMs);
    await lab.sweep();
    lab.clock.advance(runAt - 1 - lab.clock.now());
    expect(await lab.lease(edge)).toHaveLength(0);
    lab.clock.advance(1);
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it('what runAt has made available stays so, and has all of its startBySeconds', async () => {
    await lab.submit({ runAt: lab.clock.now() + 60_000, startBySeconds: 100 });
    lab.clock.advance(70_000);
    lab.clock.jumpWall(stepMs);
    await lab.sweep();
    lab.clock.advance(89_999);
    expect((await lab.sweep()).notStarted).toBe(0);
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it('what other libs have stored moves along, in the transaction in which the clock follows', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(edge);
    const before = now();
    lab.clock.jumpWall(stepMs);
    const seen: number[][] = [];
    let isRefused = true;
    lab.engine.get(StoredTimes).register(async (tx, driftMs) => {
      seen.push([driftMs, now()]);
      await tx.execute('UPDATE tasks SET priority = priority + 1');
      if (isRefused) throw new Error('not now');
    });
    await expect(lab.sweep()).rejects.toThrow('not now');
    expect(now()).toBe(before);
    expect(await lab.task(leased.task.id)).toMatchObject({
      priority: 0,
      leaseExpiresAt: leased.leaseExpiresAt,
    });
    isRefused = false;
    await lab.sweep();
    expect(seen).toEqual([
      [stepMs, before],
      [stepMs, before],
    ]);
    expect(now()).toBe(lab.clock.now());
    expect((await lab.task(leased.task.id)).priority).toBe(1);
  });

  it('is followed later when the database refuses it now', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(edge);
    lab.clock.jumpWall(stepMs);
    const before = now();
    const unitOfWork = lab.engine.get(UnitOfWork);
    const { run } = unitOfWork;
    const refusal = jest
      .spyOn(unitOfWork, 'run')
      .mockImplementationOnce((work, lane) => run.call(unitOfWork, work, lane))
      .mockImplementationOnce((work, lane) =>
        run.call(
          unitOfWork,
          async (tx) => {
            await work(tx);
            throw new Error('disk full');
          },
          lane,
        ),
      );
    await expect(lab.sweep()).rejects.toThrow('disk full');
    refusal.mockRestore();
    expect(now()).toBe(before);
    expect(lab.engine.get(LeaseSweep).hasClockStepped).toBe(true);
    await lab.sweep();
    expect((await lab.task(leased.task.id)).leaseExpiresAt).toBe(lab.clock.now() + 60_000);
  });

  it('is followed once when the transaction is taken back and done again', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(edge);
    lab.clock.jumpWall(stepMs);
    const unitOfWork = lab.engine.get(UnitOfWork);
    const { run } = unitOfWork;
    // As a group does when a neighbour's failure has rolled all of it back.
    const again = jest.spyOn(unitOfWork, 'run').mockImplementation(async (work, lane) => {
      const first = run.call(
        unitOfWork,
        async (tx) => {
          await work(tx);
          throw new Error('taken back');
        },
        lane,
      );
      await expect(first).rejects.toThrow('taken back');
      return run.call(unitOfWork, work, lane);
    });
    await lab.sweep();
    again.mockRestore();
    expect(now()).toBe(lab.clock.now());
    expect((await lab.task(leased.task.id)).leaseExpiresAt).toBe(lab.clock.now() + 60_000);
  });
});

describe('a small difference of the wall clock', () => {
  it('is followed at once, and moves nothing', async () => {
    const lab = await LeasingLab.open();
    await lab.submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(lab.edge());
    lab.clock.jumpWall(900);
    expect(lab.engine.get(LeaseSweep).hasClockStepped).toBe(false);
    await lab.sweep();
    expect(lab.engine.get(Clock).now()).toBe(lab.clock.now());
    expect((await lab.task(leased.task.id)).leaseExpiresAt).toBe(leased.leaseExpiresAt);
    await lab.close();
  });
});
