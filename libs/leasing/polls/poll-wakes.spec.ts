import { Queues, TaskAvailability, type AvailableTask } from '@foreman/jobs';
import { PollLab, rest, type LabPoll } from '../spec/poll-lab';

const answered = (polls: readonly LabPoll[]) => polls.map((poll) => poll.isAnswered);

describe('the wakes of parked polls', () => {
  let lab: PollLab;
  let queues: Queues;
  beforeEach(async () => {
    lab = await PollLab.open();
    queues = lab.lab.engine.get(Queues);
  });
  afterEach(() => lab.close());

  const parkedAs = async (count: number, edge: Parameters<PollLab['edge']>[0] = {}) => {
    const polls: LabPoll[] = [];
    for (let each = 0; each < count; each += 1) polls.push(await lab.park(lab.edge(edge)));
    return polls;
  };
  const submit: PollLab['lab']['submit'] = (command) => lab.lab.submit(command);

  it('look at no poll for a thousand tasks that none of ten thousand can run, or at each of them once', () => {
    let looks = 0;
    const get = (labels: Record<string, string>, name: string) => {
      looks += 1;
      return labels[name];
    };
    for (let place = 0; place < 10_000; place += 1) {
      // Half of them run the kind, the other half have the label; none has both.
      const isPlain = place % 2 === 0;
      const labels = new Proxy<Record<string, string>>(isPlain ? {} : { gpu: 'yes' }, { get });
      const kinds = [isPlain ? 'test' : 'other'];
      void lab.polls.enter({ edgeId: `edge ${place}`, kinds, labels }).wait(30_000);
    }
    const looksFor = (kind: string, requires: AvailableTask['requires']): number => {
      looks = 0;
      const task = { kind, requires, queue: 'default', assignedEdgeId: null, availableAt: 0 };
      lab.polls.announce(Array.from({ length: 1000 }, () => task));
      return looks;
    };
    expect(looksFor('unknown', null)).toBe(0);
    expect(looksFor('test', { gpu: 'no' })).toBe(0);
    expect(looksFor('test', { gpu: 'yes' })).toBe(5000);
    lab.polls.close();
  });

  it('are, for a resumed queue, as many as it has tasks that they can run', async () => {
    await submit({ queue: 'night', tasks: [{}, {}] });
    await submit({ queue: 'night', requires: { gpu: 'yes' } });
    await submit({ queue: 'night', kind: 'other', tasks: [{}, {}, {}] });
    await queues.pause('night');
    const plain = await parkedAs(4);
    const [able] = await parkedAs(1, { labels: { gpu: 'yes' } });
    const transactions = lab.countTransactions();
    await queues.resume('night');
    await rest();
    expect(answered(plain)).toEqual([true, true, false, false]);
    expect(able?.isAnswered).toBe(true);
    // The resumption, and one try for each of the three.
    expect(transactions()).toBe(4);
  });

  it('reach, when a queue is resumed, the edges that its tasks are assigned to', async () => {
    const mine = lab.edge();
    await submit({ queue: 'night', assignedEdgeId: mine.edgeId });
    await submit({ queue: 'night', assignedEdgeId: lab.edge().edgeId });
    await queues.pause('night');
    const [other] = await parkedAs(1);
    const poll = await lab.park(mine);
    await queues.resume('night');
    await rest();
    expect(answered([poll, other!])).toEqual([true, false]);
  });

  it('find the one group that a poll can run behind hundreds that it cannot', async () => {
    const tasks = Array.from({ length: 450 }, (_, site) => ({ requires: { a: `${site}` } }));
    await submit({ queue: 'night', tasks });
    await submit({ queue: 'night', requires: { z: 'yes' } });
    await queues.pause('night');
    const [poll] = await parkedAs(1, { labels: { z: 'yes' } });
    await queues.resume('night');
    await rest();
    expect(poll?.isAnswered).toBe(true);
  });

  it('are none when a queue is paused or weighs more, nor for what a paused one gets', async () => {
    await submit({ queue: 'night' });
    await queues.pause('night');
    const polls = await parkedAs(3);
    const transactions = lab.countTransactions();
    await queues.setWeight('night', 7);
    await queues.pause('night');
    await submit({ queue: 'night', tasks: [{}, {}] });
    await rest();
    expect(transactions()).toBe(3);
    expect(answered(polls)).toEqual([false, false, false]);
  });

  it('come within a second of a submission when another process resumed the queue', async () => {
    await submit({ queue: 'night' });
    await queues.pause('night');
    const [first, second, third] = await parkedAs(3);
    await lab.lab.engine.unitOfWork.run(async (tx) => {
      await tx.execute(`UPDATE queues SET is_paused = 0 WHERE name = 'night'`);
      await tx.execute(`UPDATE claim_groups SET is_paused = 0 WHERE queue = 'night'`);
    });
    await submit({ queue: 'night' });
    await rest();
    expect(answered([first!, second!, third!])).toEqual([false, false, false]);
    lab.lab.clock.advance(1000);
    await rest();
    expect(answered([first!, second!, third!])).toEqual([true, true, false]);
  });

  it('go on to the next when the woken poll took another task', async () => {
    const [both] = await parkedAs(1, { kinds: ['test', 'urgent'] });
    const [plain] = await parkedAs(1);
    // Told after the polls were: the first has been woken for the plain task, and has not yet tried.
    let isFirst = true;
    lab.lab.engine.get(TaskAvailability).subscribe(() => {
      if (isFirst) void submit({ kind: 'urgent', priority: 5 });
      isFirst = false;
    });
    await submit();
    await rest();
    expect((await both?.answer)?.items).toHaveLength(1);
    expect(plain?.isAnswered).toBe(true);
  });

  it('are kept by a poll whose try began too early to see the task', async () => {
    const poll = lab.polls.enter({ edgeId: 'e', kinds: ['test'], labels: {} });
    const task = { kind: 'test', queue: 'q', assignedEdgeId: null, requires: null, availableAt: 0 };
    lab.polls.announce([task]);
    poll.begin();
    lab.polls.announce([task, task]);
    // Of the announcements since its try began, one is enough: the next try sees them all.
    expect(await poll.wait(1000)).toBe('task');
    poll.begin();
    const sleep = poll.wait(1000);
    lab.lab.clock.advance(1000);
    expect(await sleep).toBe('timeout');
  });

  it('come to an end when the edges of all polls hold what they may', async () => {
    const full = lab.edge({ maxLeases: 1 });
    await submit();
    await lab.lab.leaseOne(full);
    const polls = [await lab.park(full), await lab.park(full), await lab.park(full)];
    const transactions = lab.countTransactions();
    await submit({ tasks: [{}, {}] });
    await rest();
    await rest();
    expect(answered(polls)).toEqual([false, false, false]);
    expect(transactions()).toBeLessThanOrEqual(1 + 2 * polls.length);
  });
});
