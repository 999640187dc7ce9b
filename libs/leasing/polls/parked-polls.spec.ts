import { ReadConnection, type Queryable } from '@foreman/database';
import { JobLifecycle, Queues, TaskAvailability } from '@foreman/jobs';
import type { LeaseRequest, LeasedTask } from '../lease-request';
import { ParkedPolls } from './parked-polls';
import { LeasingLab } from '../spec/leasing-lab';
import { rest } from '../spec/poll-lab';

interface Poll {
  readonly answer: Promise<LeasedTask[]>;
  isAnswered: boolean;
}

describe('long polls', () => {
  let lab: LeasingLab;
  let polls: ParkedPolls;

  beforeEach(async () => {
    lab = await LeasingLab.open({ maxParkedPolls: 5 });
    polls = lab.engine.get(ParkedPolls);
  });
  afterEach(() => lab.close());

  const park = async (
    edge: Parameters<LeasingLab['lease']>[0],
    request: Partial<LeaseRequest> = {},
  ): Promise<Poll> => {
    const poll: Poll = {
      answer: lab.lease(edge, { waitSeconds: 30, ...request }),
      isAnswered: false,
    };
    poll.answer.then(
      () => (poll.isAnswered = true),
      () => (poll.isAnswered = true),
    );
    await rest();
    return poll;
  };

  it('wakes as many as there are tasks, in order of arrival', async () => {
    const parked = [
      await park(lab.edge()),
      await park(lab.edge()),
      await park(lab.edge()),
      await park(lab.edge()),
    ];
    await lab.submit({ tasks: [{}, {}] });
    await rest();
    expect(parked.map((poll) => poll.isAnswered)).toEqual([true, true, false, false]);
    expect(polls.count).toBe(2);
  });

  it('wakes only who can run the task', async () => {
    const blind = await park(lab.edge({ kinds: ['other'] }));
    const weak = await park(lab.edge({ labels: { gpu: 'false' } }));
    const able = await park(lab.edge({ labels: { gpu: 'true' } }));
    await lab.submit({ requires: { gpu: 'true' } });
    await rest();
    expect([blind.isAnswered, weak.isAnswered, able.isAnswered]).toEqual([false, false, true]);
    const assigned = lab.edge();
    const mine = await park(assigned);
    await lab.submit({ assignedEdgeId: assigned.edgeId });
    await rest();
    expect(mine.isAnswered).toBe(true);
    expect(weak.isAnswered).toBe(false);
  });

  it('reads no database while it is parked (invariant 7)', async () => {
    await park(lab.edge());
    await park(lab.edge());
    const reads = countStatements(lab.engine.get(ReadConnection));
    const writes = countPreparedRuns(lab);
    lab.clock.advance(29_000);
    await rest();
    expect([reads(), writes()]).toEqual([0, 0]);
  });

  it('answers nothing when its time is up', async () => {
    const poll = await park(lab.edge());
    lab.clock.advance(30_000);
    expect(await poll.answer).toEqual([]);
    expect(polls.count).toBe(0);
    expect(lab.clock.pendingTimers).toBe(0);
  });

  it('is answered when a backoff ends or a runAt comes', async () => {
    await lab.submit({ runAt: lab.clock.now() + 7000 });
    const poll = await park(lab.edge());
    lab.clock.advance(6999);
    await rest();
    expect(poll.isAnswered).toBe(false);
    lab.clock.advance(1);
    expect(await poll.answer).toHaveLength(1);
  });

  it('is answered when a task comes back to it', async () => {
    await lab.submit();
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    const poll = await park(lab.edge());
    await lab.fail(edge, leased, true, 5);
    const runAt = await park(lab.edge());
    lab.clock.advance(5000);
    expect(await poll.answer).toHaveLength(1);
    expect(runAt.isAnswered).toBe(false);
  });

  it('is answered when a queue is resumed, and when a job is retried', async () => {
    const job = await lab.submit({ queue: 'night' });
    await lab.engine.get(Queues).pause('night');
    const first = await park(lab.edge());
    await lab.engine.get(Queues).resume('night');
    expect(await first.answer).toHaveLength(1);
    const second = await park(lab.edge());
    const lifecycle = lab.engine.get(JobLifecycle);
    await lab.engine.unitOfWork.run((tx) => lifecycle.cancel(tx, job.id, lab.clock.now()));
    await lab.engine.unitOfWork.run((tx) => lifecycle.retry(tx, job.id, lab.clock.now()));
    expect(await second.answer).toHaveLength(1);
  });

  it('does not wake for what was rolled back', async () => {
    const poll = await park(lab.edge());
    const submission = lab.engine.submit({ kind: 'test', tasks: [] });
    await expect(submission).rejects.toMatchObject({ code: 'request.invalid' });
    await rest();
    expect(poll.isAnswered).toBe(false);
  });

  it('frees its place and takes no task when its caller has gone', async () => {
    const gone = new AbortController();
    const first = await park(lab.edge(), { signal: gone.signal });
    const second = await park(lab.edge());
    gone.abort();
    expect(await first.answer).toEqual([]);
    await lab.submit();
    expect(await second.answer).toHaveLength(1);
  });

  it('hands a wake on when its caller goes in the moment of waking', async () => {
    const gone = new AbortController();
    const first = await park(lab.edge(), { signal: gone.signal });
    const second = await park(lab.edge());
    // Told after the polls were: the first has been woken, and has not yet tried.
    lab.engine.get(TaskAvailability).subscribe(() => gone.abort());
    await lab.submit();
    expect(await first.answer).toEqual([]);
    expect(await second.answer).toHaveLength(1);
  });

  it('wakes nobody for nothing: one task costs one try', async () => {
    for (let place = 0; place < 4; place += 1) await park(lab.edge());
    const runs = jest.spyOn(lab.engine.unitOfWork, 'run');
    await lab.submit();
    await rest();
    expect(runs).toHaveBeenCalledTimes(2);
  });

  it('goes back to sleep when somebody else was faster', async () => {
    const poll = await park(lab.edge());
    polls.announce([availableNow()]);
    await rest();
    expect(poll.isAnswered).toBe(false);
    expect(polls.count).toBe(1);
    await lab.submit();
    expect(await poll.answer).toHaveLength(1);
  });

  it('leaves a task to the next in line while its edge holds all that it may hold', async () => {
    const full = lab.edge({ maxLeases: 1 });
    await lab.submit();
    await lab.leaseOne(full);
    const first = await park(full);
    const second = await park(full);
    const free = await park(lab.edge());
    await lab.submit();
    await rest();
    expect([first, second, free].map((poll) => poll.isAnswered)).toEqual([false, false, true]);
  });

  it('is answered when hundreds of tasks, which it cannot run, become available before its own', async () => {
    const runAt = lab.clock.now() + 1000;
    await lab.submit({ kind: 'other', runAt, tasks: Array.from({ length: 600 }, () => ({})) });
    await lab.submit({ runAt });
    const poll = await park(lab.edge());
    lab.clock.advance(1000);
    await rest();
    expect(poll.isAnswered).toBe(true);
  });

  it('refuses one more than there is room for, and says when to come back', async () => {
    for (let place = 0; place < 5; place += 1) await park(lab.edge());
    await expect(lab.lease(lab.edge(), { waitSeconds: 1 })).rejects.toMatchObject({
      code: 'rate.limited',
      details: { retryAfterSeconds: 5 },
    });
  });

  it('ends for an edge that is to drain, for one that is revoked, and for all when the application stops', async () => {
    const [draining, revoked] = [lab.edge(), lab.edge()];
    const drained = await park(draining);
    const refused = await park(revoked);
    const other = await park(lab.edge());
    await lab.change(draining, { desired: 'drain' });
    await lab.revoke(revoked);
    await rest();
    const all = [drained, refused, other];
    expect(all.map((poll) => poll.isAnswered)).toEqual([true, true, false]);
    await expect(refused.answer).rejects.toMatchObject({ code: 'auth.invalid' });
    polls.close();
    expect(await other.answer).toEqual([]);
    expect(await lab.lease(lab.edge(), { waitSeconds: 30 })).toEqual([]);
  });

  const availableNow = () => ({
    kind: 'test',
    queue: 'default',
    assignedEdgeId: null,
    requires: null,
    availableAt: lab.clock.now(),
  });
});

/** How many statements a connection is asked from now on. */
function countStatements(connection: Queryable): () => number {
  const spies = (['query', 'entities'] as const).map((name) => jest.spyOn(connection, name));
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
}

function countPreparedRuns(lab: LeasingLab): () => number {
  const exec = jest.spyOn(lab.engine.database.driver, 'exec');
  return () => exec.mock.calls.length;
}
