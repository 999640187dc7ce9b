import { JobLifecycle } from '@foreman/jobs';
import { UnitOfWork } from '@foreman/database';
import type { LeasedTask } from '../lease-request';
import { ParkedPolls } from './parked-polls';
import { LeasingLab } from '../spec/leasing-lab';
import { rest } from '../spec/poll-lab';

/** An edge that holds all that it may, parks, and then has room again: it must not sleep while work waits. */
describe('a parked poll of an edge that holds all it may', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const fullEdge = async () => {
    const edge = lab.edge({ maxLeases: 1 });
    const job = await lab.submit({ leaseSeconds: 60, maxAttempts: 1 });
    const held = await lab.leaseOne(edge);
    const waiting = await lab.submit({ leaseSeconds: 60 });
    const answers: LeasedTask[][] = [];
    const poll = lab.lease(edge, { waitSeconds: 50 }).then((items) => answers.push(items));
    await rest();
    expect(answers).toEqual([]);
    const gets = async () => {
      await rest();
      lab.clock.advance(0);
      await poll;
      return answers.flat().map(({ task }) => task.jobId);
    };
    return { edge, job, held, waiting, gets, answers };
  };

  it.each<[string, (full: Awaited<ReturnType<typeof fullEdge>>) => Promise<unknown>]>([
    ['completes', ({ edge, held }) => lab.complete(edge, held)],
    ['fails for good', ({ edge, held }) => lab.fail(edge, held, false)],
    ['fails, to be tried again later', ({ edge, held }) => lab.fail(edge, held, true, 300)],
    [
      'is cancelled',
      ({ job }) =>
        lab.engine
          .get(UnitOfWork)
          .run((tx) => lab.engine.get(JobLifecycle).cancel(tx, job.id, lab.clock.now())),
    ],
  ])('takes the task that waits when its own %s', async (_how, end) => {
    const full = await fullEdge();
    await end(full);
    expect(await full.gets()).toEqual([full.waiting.id]);
  });

  it('when its lease expires too', async () => {
    const full = await fullEdge();
    // The sweep comes while the poll still waits.
    lab.clock.advance(49_000);
    expect(full.answers).toEqual([]);
    await lab.engine
      .get(UnitOfWork)
      .run((tx) =>
        tx.execute('UPDATE tasks SET lease_expires_at = ? WHERE id = ?', [
          lab.clock.now(),
          full.held.task.id,
        ]),
      );
    await lab.sweep();
    expect(await full.gets()).toHaveLength(1);
  });

  it('tries again when the lease ended while it was trying', async () => {
    const edge = lab.edge({ maxLeases: 1 });
    await lab.submit();
    const held = await lab.leaseOne(edge);
    const waiting = await lab.submit();
    const polls = lab.engine.get(ParkedPolls);
    const { enter } = polls;
    // The end is announced after the poll has looked, and before it waits.
    jest.spyOn(polls, 'enter').mockImplementationOnce((...args) => {
      const poll = enter.apply(polls, args);
      const { wait } = poll;
      poll.wait = async (waitMs) => {
        poll.wait = wait;
        await lab.complete(edge, held);
        return wait.call(poll, waitMs);
      };
      return poll;
    });
    const [leased] = await lab.lease(edge, { waitSeconds: 50 });
    expect(leased?.task.jobId).toBe(waiting.id);
  });

  it('does nothing for an edge without a limit', async () => {
    const edge = lab.edge();
    await lab.submit();
    const held = await lab.leaseOne(edge);
    const poll = lab.lease(edge, { waitSeconds: 50 });
    await rest();
    const runs = jest.spyOn(lab.engine.get(UnitOfWork), 'run');
    await lab.complete(edge, held);
    await rest();
    expect(runs).toHaveBeenCalledTimes(1);
    lab.clock.advance(50_000);
    expect(await poll).toEqual([]);
  });

  it('takes the task that waits when its edge may hold more', async () => {
    const full = await fullEdge();
    await lab.change(full.edge, { maxLeases: 2 });
    expect(await full.gets()).toEqual([full.waiting.id]);
  });
});
