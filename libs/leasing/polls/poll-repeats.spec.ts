import { DomainError } from '@foreman/kernel';
import { FakeClock } from '@foreman/testing';
import { KeyedPolls } from './keyed-polls';
import { PollLab, key, rest } from '../spec/poll-lab';

const EMPTY = { items: [], retryAfterSeconds: null };

describe('a poll that is repeated', () => {
  let lab: PollLab;
  beforeEach(async () => {
    lab = await PollLab.open({ maxParkedPolls: 5, maxParkedPollsPerEdge: 3 });
  });
  afterEach(() => lab.close());

  it('after it was answered empty neither parks nor leases', async () => {
    const edge = lab.edge();
    const first = await lab.park(edge, key('k'));
    lab.lab.clock.advance(30_000);
    expect(await first.answer).toEqual(EMPTY);
    expect(await lab.ask(edge, key('k')).answer).toEqual(EMPTY);
    expect(lab.polls.count).toBe(0);
    await lab.lab.submit();
    expect(await lab.ask(edge, key('k')).answer).toEqual(EMPTY);
    expect((await lab.ask(edge, key('new')).answer).items).toHaveLength(1);
  });

  it('after that with another body is refused; another path or edge has keys of its own', async () => {
    const edge = lab.edge();
    await lab.ask(edge, { ...key('k'), waitSeconds: 0 }).answer;
    const other = lab.ask(edge, { ...key('k'), waitSeconds: 0, max: 2 }).answer;
    await expect(other).rejects.toMatchObject({ code: 'idempotency.conflict' });
    await lab.lab.submit({ tasks: [{}, {}] });
    const elsewhere = lab.ask(edge, key('k', 'tasks/lease')).answer;
    expect((await elsewhere).items).toHaveLength(1);
    expect((await lab.ask(lab.edge(), key('k')).answer).items).toHaveLength(1);
  });

  it('while the first waits is answered with it; another body is refused', async () => {
    const edge = lab.edge();
    const first = await lab.park(edge, key('k'));
    const copies = [await lab.park(edge, key('k')), await lab.park(edge, key('k'))];
    const onOtherPath = await lab.park(edge, key('k', 'tasks/lease'));
    expect(lab.polls.count).toBe(2);
    await expect(lab.ask(edge, { ...key('k'), max: 2 }).answer).rejects.toMatchObject({
      code: 'idempotency.conflict',
    });
    await lab.lab.submit({ tasks: [{}, {}] });
    const [leased] = (await first.answer).items;
    for (const copy of copies) expect((await copy.answer).items[0]).toEqual(leased);
    const [again] = (await lab.ask(edge, key('k')).answer).items;
    expect(again?.leaseToken).toBe(leased?.leaseToken);
    expect((await onOtherPath.answer).items).toHaveLength(1);
    const held = await lab.lab.engine.reads.query(`SELECT 1 FROM tasks WHERE status = 'leased'`);
    expect(held).toHaveLength(2);
  });

  it('and answered empty with it leases nothing later', async () => {
    const edge = lab.edge();
    const polls = [await lab.park(edge, key('k')), await lab.park(edge, key('k'))];
    lab.lab.clock.advance(30_000);
    for (const poll of polls) expect(await poll.answer).toEqual(EMPTY);
    await lab.lab.submit();
    expect(await lab.ask(edge, key('k')).answer).toEqual(EMPTY);
  });

  it('goes on when only the first has gone, and ends when all have', async () => {
    const edge = lab.edge();
    const gone = [new AbortController(), new AbortController()];
    const [first, copy] = [
      await lab.park(edge, { ...key('k'), signal: gone[0]!.signal }),
      await lab.park(edge, { ...key('k'), signal: gone[1]!.signal }),
    ];
    gone[0]!.abort();
    await rest();
    expect([first.isAnswered, copy.isAnswered]).toEqual([false, false]);
    gone[1]!.abort();
    // It comes in the moment in which the others have gone: it must not get the answer that they did not want.
    const late = lab.ask(edge, key('k'));
    expect(await copy.answer).toEqual(EMPTY);
    await rest();
    expect(late.isAnswered).toBe(false);
    await lab.lab.submit();
    expect((await late.answer).items).toHaveLength(1);
  });

  it('after its connection was gone parks anew', async () => {
    const edge = lab.edge();
    const gone = new AbortController();
    const first = await lab.park(edge, { ...key('k'), signal: gone.signal });
    gone.abort();
    expect(await first.answer).toEqual(EMPTY);
    const again = await lab.park(edge, key('k'));
    expect(again.isAnswered).toBe(false);
    await lab.lab.submit();
    expect((await again.answer).items).toHaveLength(1);
  });

  describe('and the places there are', () => {
    it('are so many for one edge; one more poll ends its oldest', async () => {
      const greedy = lab.edge();
      const own = [await lab.park(greedy), await lab.park(greedy), await lab.park(greedy)];
      const other = await lab.park(lab.edge());
      const last = await lab.park(greedy);
      expect([...own, other, last].map((poll) => poll.isAnswered)).toEqual([
        true,
        false,
        false,
        false,
        false,
      ]);
      expect(await own[0]?.answer).toEqual(EMPTY);
      expect(lab.polls.count).toBe(4);
    });

    it('are refused when all are taken, but not to an edge that gives one up for it', async () => {
      const full = lab.edge();
      for (let place = 0; place < 3; place += 1) await lab.park(full);
      const keyed = lab.edge();
      const waiting = await lab.park(keyed, key('k'));
      await lab.park(lab.edge());
      expect(lab.polls.count).toBe(5);
      await expect(lab.ask(lab.edge()).answer).rejects.toMatchObject({
        code: 'rate.limited',
        details: { retryAfterSeconds: 5 },
      });
      const newer = [await lab.park(full), await lab.park(keyed, key('k'))];
      expect([waiting, ...newer].map((poll) => poll.isAnswered)).toEqual([false, false, false]);
      expect(lab.polls.count).toBe(5);
    });
  });

  it.each(['drain', 'stop'] as const)(
    'by an edge that is to %s is told when to ask again, as the parked one was',
    async (desired) => {
      const edge = lab.edge();
      const parked = await lab.park(edge);
      await lab.lab.change(edge, { desired });
      expect(await parked.answer).toEqual({ items: [], retryAfterSeconds: 30 });
      const next = await lab.ask(edge).answer;
      expect(next).toEqual({ items: [], retryAfterSeconds: 30 });
    },
  );
});

describe('polls that were answered empty', () => {
  let clock: FakeClock;
  let polls: KeyedPolls;
  beforeEach(() => {
    clock = new FakeClock();
    polls = new KeyedPolls(clock);
  });
  const request = (name: string, body: unknown = {}) => {
    return { edgeId: 'e', path: 'tasks/next', key: name, body };
  };

  it('remembers a key for ten minutes on the monotonic clock', () => {
    polls.noteSpent(request('k'));
    clock.jumpWall(3_600_000);
    clock.advance(599_999);
    expect(polls.isSpent(request('k'))).toBe(true);
    expect(() => polls.isSpent(request('k', { max: 2 }))).toThrow(DomainError);
    clock.advance(1);
    expect(polls.isSpent(request('k'))).toBe(false);
    expect(polls.spentCount).toBe(0);
  });

  it('remembers fifty thousand at the most, the newest', () => {
    for (let count = 0; count < 50_010; count += 1) polls.noteSpent(request(`k${count}`));
    expect(polls.spentCount).toBe(50_000);
    expect([polls.isSpent(request('k9')), polls.isSpent(request('k10'))]).toEqual([false, true]);
  });
});
