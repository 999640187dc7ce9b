import { DomainError } from '@foreman/kernel';
import { FakeClock } from '@foreman/testing';
import { EdgeLeases } from '../ending/edge-leases';
import { SpentPolls } from './spent-polls';
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

  it('while the first waits takes over; the key is not spent by that', async () => {
    const edge = lab.edge();
    const ghost = await lab.park(edge, key('k'));
    const newer = await lab.park(edge, key('k'));
    const newest = await lab.park(edge, key('k'));
    const onOtherPath = await lab.park(edge, key('k', 'tasks/lease'));
    const polls = [ghost, newer, newest, onOtherPath];
    expect(polls.map((poll) => poll.isAnswered)).toEqual([true, true, false, false]);
    await lab.lab.submit();
    const [leased] = (await newest.answer).items;
    const [again] = (await lab.ask(edge, key('k')).answer).items;
    expect(again?.leaseToken).toBe(leased?.leaseToken);
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

  it('answers what a simultaneous call with its key leased, though another was answered empty', async () => {
    const edge = lab.edge();
    const request = { ...key('k'), waitSeconds: 0 };
    const empty = lab.ask(edge, request);
    const submitted = lab.lab.submit();
    const lucky = lab.ask(edge, request);
    await submitted;
    expect((await empty.answer).items).toEqual([]);
    const [leased] = (await lucky.answer).items;
    const [again] = (await lab.ask(edge, request).answer).items;
    expect(again?.leaseToken).toBe(leased?.leaseToken);
    expect(leased).toBeDefined();
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
      const ghost = await lab.park(keyed, key('k'));
      await lab.park(lab.edge());
      expect(lab.polls.count).toBe(5);
      await expect(lab.ask(lab.edge()).answer).rejects.toMatchObject({
        code: 'rate.limited',
        details: { retryAfterSeconds: 5 },
      });
      const newer = [await lab.park(full), await lab.park(keyed, key('k'))];
      expect([ghost, ...newer].map((poll) => poll.isAnswered)).toEqual([true, false, false]);
      expect(lab.polls.count).toBe(5);
    });
  });

  it.each(['drain', 'stop'] as const)(
    'by an edge that is to %s is told when to ask again, as the parked one was',
    async (desired) => {
      const edge = lab.edge();
      const parked = await lab.park(edge);
      lab.lab.engine.get(EdgeLeases).endPolls(edge.edgeId);
      await rest();
      expect(await parked.answer).toEqual({ items: [], retryAfterSeconds: 30 });
      const next = await lab.ask({ ...edge, desired }).answer;
      expect(next).toEqual({ items: [], retryAfterSeconds: 30 });
    },
  );
});

describe('SpentPolls', () => {
  let clock: FakeClock;
  let spent: SpentPolls;
  beforeEach(() => {
    clock = new FakeClock();
    spent = new SpentPolls(clock);
  });
  const request = (name: string, body: unknown = {}) => {
    return { edgeId: 'e', path: 'tasks/next', key: name, body };
  };

  it('remembers a key for ten minutes on the monotonic clock', () => {
    spent.note(request('k'));
    clock.jumpWall(3_600_000);
    clock.advance(599_999);
    expect(spent.has(request('k'))).toBe(true);
    expect(() => spent.has(request('k', { max: 2 }))).toThrow(DomainError);
    clock.advance(1);
    expect(spent.has(request('k'))).toBe(false);
    expect(spent.size).toBe(0);
  });

  it('remembers fifty thousand at the most, the newest', () => {
    for (let count = 0; count < 50_010; count += 1) spent.note(request(`k${count}`));
    expect(spent.size).toBe(50_000);
    expect([spent.has(request('k9')), spent.has(request('k10'))]).toEqual([false, true]);
  });
});
