import { UnitOfWork } from '@foreman/database';
import { SteadyClock } from '@foreman/kernel';
import { LeasingLab } from '../spec/leasing-lab';

const THREE_DAYS_MS = 3 * 86_400_000;

/** Times are read in the unit of work that stores them: a call may wait while the wall clock is set back. */
describe('a call that waits in line while the clock is set back three days', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  /** Starts the call behind a unit of work in which the clock follows the step, as a sweep makes it. */
  const whileTheClockIsSet = async <T>(call: () => Promise<T>): Promise<T> => {
    const clock = lab.engine.get(SteadyClock);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    lab.clock.jumpWall(-THREE_DAYS_MS);
    const step = lab.engine.get(UnitOfWork).run(async () => {
      await held;
      clock.follow(clock.driftMs());
    });
    const answer = call();
    letGo();
    await step;
    return answer;
  };

  it('gives a lease of its length', async () => {
    await lab.submit();
    const edge = lab.edge();
    const [leased] = await whileTheClockIsSet(() => lab.lease(edge));
    expect(leased?.leaseExpiresAt).toBe(lab.clock.now() + 60_000);
    expect(leased?.serverTime).toBe(lab.clock.now());
  });

  it('completes a task now, and gives the next lease its length', async () => {
    const job = await lab.submit({ tasks: [{}, {}] });
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    const { next } = await whileTheClockIsSet(() =>
      lab.complete(edge, leased, { wantsNext: true }),
    );
    expect(next?.leaseExpiresAt).toBe(lab.clock.now() + 60_000);
    expect((await lab.task(leased.task.id)).finalizedAt).toBe(lab.clock.now());
    expect((await lab.job(job.id)).status).toBe('running');
  });

  it('submits, and queues again, now', async () => {
    const job = await whileTheClockIsSet(() => lab.submit());
    expect(job.createdAt).toBe(lab.clock.now());
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    await whileTheClockIsSet(() => lab.fail(edge, leased, true, 5));
    expect((await lab.task(leased.task.id)).availableAt).toBe(lab.clock.now() + 5000);
  });
});
