import { Heartbeats } from '@foreman/progress';
import { Logger } from '@nestjs/common';
import type { LeasedTask } from '../lease-request';
import { LeasingLab } from '../spec/leasing-lab';

const HOUR_MS = 3_600_000;

describe('the grace of a lease after a start', () => {
  let lab: LeasingLab;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const beat = (edgeId: string, leased: LeasedTask) =>
    lab.engine
      .get(Heartbeats)
      .beat(edgeId, { taskId: leased.task.id, leaseToken: leased.leaseToken });
  const leasesLeft = async (leased: LeasedTask) =>
    ((await lab.task(leased.task.id)).leaseExpiresAt ?? 0) - lab.clock.now();

  it('is as long as the lease, however long the gateway was down', async () => {
    await lab.submit({ leaseSeconds: 10 });
    await lab.submit({ leaseSeconds: 600 });
    const edge = lab.edge();
    const [short, long] = await lab.lease(edge, { max: 2 });
    if (short === undefined || long === undefined) throw new Error('Two tasks were submitted');
    lab.clock.advance(HOUR_MS);
    await lab.restart();
    expect((await lab.sweep()).expired).toBe(0);
    expect(await leasesLeft(short)).toBe(10_000);
    expect(await leasesLeft(long)).toBe(600_000);
    lab.clock.advance(10_000);
    expect((await lab.sweep()).expired).toBe(1);
  });

  it('is given once: a gateway that starts again and again keeps no dead lease alive', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const leased = await lab.leaseOne(lab.edge());
    await lab.restart();
    lab.clock.advance(40_000);
    await lab.restart();
    expect(await leasesLeft(leased)).toBe(20_000);
    lab.clock.advance(20_000);
    await lab.restart();
    expect((await lab.sweep()).expired).toBe(1);
  });

  it('is earned again by any call', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    await lab.restart();
    lab.clock.advance(40_000);
    await beat(edge.edgeId, leased);
    lab.clock.advance(HOUR_MS);
    await lab.restart();
    expect((await lab.sweep()).expired).toBe(0);
    expect(await leasesLeft(leased)).toBe(60_000);
  });

  it('is earned again by the next lease of the task, and by a revival', async () => {
    await lab.submit({ leaseSeconds: 60 });
    const edge = lab.edge();
    const first = await lab.leaseOne(edge);
    await lab.restart();
    lab.clock.advance(60_000);
    await lab.sweep();
    await beat(edge.edgeId, first);
    expect((await lab.task(first.task.id)).isGraced).toBe(false);
    await lab.restart();
    lab.clock.advance(400_000);
    await lab.sweep();
    lab.clock.advance(400_000);
    const second = await lab.leaseOne(lab.edge());
    expect((await lab.task(second.task.id)).isGraced).toBe(false);
  });

  it('is not for leases that were made after the start', async () => {
    await lab.submit({ leaseSeconds: 60 });
    await lab.leaseOne(lab.edge());
    lab.clock.advance(60_000);
    expect((await lab.sweep()).expired).toBe(1);
  });

  it('believes a clock that was wrong before the start no further than it can be right', async () => {
    const future = 10 * 365 * 24 * HOUR_MS;
    lab.clock.jumpWall(future);
    await lab.restart();
    await lab.submit({ leaseSeconds: 60, timeoutSeconds: 300 });
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    await lab.submit();
    await lab.fail(edge, await lab.leaseOne(edge), true, 100);
    lab.clock.jumpWall(-future);
    await lab.restart();
    await lab.restart();
    expect(await leasesLeft(leased)).toBe(60_000);
    expect((await lab.task(leased.task.id)).leasedAt).toBe(lab.clock.now());
    lab.clock.advance(24 * HOUR_MS);
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it('nor does an attempt that is revived get more time than it may have', async () => {
    const future = 10 * 365 * 24 * HOUR_MS;
    lab.clock.jumpWall(future);
    await lab.restart();
    await lab.submit({ leaseSeconds: 60, timeoutSeconds: 300 });
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    lab.clock.advance(60_000);
    expect((await lab.sweep()).expired).toBe(1);
    lab.clock.jumpWall(-future);
    await lab.restart();
    await beat(edge.edgeId, leased);
    expect((await lab.task(leased.task.id)).leasedAt).toBe(lab.clock.now());
    lab.clock.advance(300_000);
    expect((await lab.sweep()).timedOut).toBe(1);
  });
});
