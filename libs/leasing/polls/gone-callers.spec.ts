import { JobLifecycle } from '@foreman/jobs';
import { PollLab, key, rest } from '../spec/poll-lab';
import { TaskLeases } from '../claiming/task-leases';

describe('a caller that has gone', () => {
  let lab: PollLab;
  let gone: AbortController;
  beforeEach(async () => {
    lab = await PollLab.open();
    gone = new AbortController();
  });
  afterEach(() => lab.close());

  const attemptsOf = async (jobId: string) => {
    const [task] = await lab.lab.engine.reads.query<{ id: string; status: string }>(
      'SELECT id, status FROM tasks WHERE job_id = ?',
      [jobId],
    );
    const attempts = await lab.lab.attempts(task!.id);
    return { status: task!.status, outcomes: attempts.map((attempt) => attempt.outcome) };
  };
  /** Closes the connection in the moment when the try has committed, before its answer is made. */
  const goAfterTheClaim = (meanwhile: () => Promise<unknown> = async () => undefined) => {
    const leases = lab.lab.engine.get(TaskLeases);
    const present = leases.present.bind(leases);
    jest.spyOn(leases, 'present').mockImplementationOnce(async (...args) => {
      gone.abort();
      await meanwhile();
      return present(...args);
    });
  };

  it.each([0, 30])(
    'while its try waited for its turn takes nothing (waitSeconds %d)',
    async (waitSeconds) => {
      const job = await lab.lab.submit();
      const before = lab.lab.engine.unitOfWork.run(async () => gone.abort());
      const poll = lab.ask(lab.edge(), { waitSeconds, signal: gone.signal });
      await before;
      expect((await poll.answer).items).toEqual([]);
      expect(await attemptsOf(job.id)).toEqual({ status: 'queued', outcomes: [] });
    },
  );

  it('before the call was looked at takes neither task nor place', async () => {
    const job = await lab.lab.submit();
    gone.abort();
    expect((await lab.ask(lab.edge(), { signal: gone.signal }).answer).items).toEqual([]);
    expect(lab.polls.count).toBe(0);
    expect(await attemptsOf(job.id)).toEqual({ status: 'queued', outcomes: [] });
  });

  it.each([0, 30])(
    'between the commit and the answer gives the lease back, unburnt (waitSeconds %d)',
    async (waitSeconds) => {
      const job = await lab.lab.submit({ payload: { a: 1 } });
      goAfterTheClaim();
      const poll = lab.ask(lab.edge(), { waitSeconds, signal: gone.signal });
      expect((await poll.answer).items).toEqual([]);
      expect(await attemptsOf(job.id)).toEqual({ status: 'queued', outcomes: ['released'] });
      const next = await lab.lab.leaseOne(lab.edge());
      expect(next.task).toMatchObject({ attempt: 2, burntAttempts: 0 });
    },
  );

  it('there wakes exactly one other poll', async () => {
    const leaving = await lab.park(lab.edge(), { signal: gone.signal });
    const others = [await lab.park(lab.edge()), await lab.park(lab.edge())];
    goAfterTheClaim();
    const transactions = lab.countTransactions();
    await lab.lab.submit({ payload: { a: 1 } });
    await rest();
    expect((await leaving.answer).items).toEqual([]);
    expect(others.map((poll) => poll.isAnswered)).toEqual([true, false]);
    // Submission, first claim, hand-back, second claim.
    expect(transactions()).toBe(4);
  });

  it('there leaves a lease under a key to the repeat', async () => {
    const edge = lab.edge();
    const job = await lab.lab.submit({ payload: { a: 1 } });
    goAfterTheClaim();
    await lab.ask(edge, { ...key('k'), signal: gone.signal }).answer;
    expect(await attemptsOf(job.id)).toEqual({ status: 'leased', outcomes: [null] });
    expect((await lab.ask(edge, key('k')).answer).items).toHaveLength(1);
  });

  it('there leaves alone what was cancelled meanwhile', async () => {
    const job = await lab.lab.submit({ payload: { a: 1 } });
    const { unitOfWork } = lab.lab.engine;
    const lifecycle = lab.lab.engine.get(JobLifecycle);
    goAfterTheClaim(() => unitOfWork.run((tx) => lifecycle.cancel(tx, job.id, 1)));
    const poll = lab.ask(lab.edge(), { waitSeconds: 0, signal: gone.signal });
    expect((await poll.answer).items).toEqual([]);
    expect((await attemptsOf(job.id)).status).toBe('cancelled');
  });
});
