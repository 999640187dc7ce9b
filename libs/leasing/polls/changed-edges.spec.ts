import type { EdgeChanges } from '@foreman/edges';
import { PollLab, rest } from '../spec/poll-lab';

/** A lease rests on what its edge is in the transaction that gives it, not on what it was when its call was let in. */
describe('an edge that is changed while its call is under way', () => {
  let lab: PollLab;
  beforeEach(async () => {
    lab = await PollLab.open();
  });
  afterEach(() => lab.close());

  it.each<[string, EdgeChanges]>([
    ['is to drain', { desired: 'drain' }],
    ['is to stop', { desired: 'stop' }],
    ['has other labels', { labels: { site: 'b' } }],
  ])('leases nothing that it may not, once it %s', async (_what, changes) => {
    const edge = lab.edge({ labels: { site: 'a' } });
    await lab.lab.submit({ requires: { site: 'a' } });
    await lab.lab.change(edge, changes);
    expect((await lab.ask(edge, { waitSeconds: 0 }).answer).items).toEqual([]);
    const waiting = await lab.park(edge);
    await lab.lab.submit({ requires: { site: 'a' } });
    await rest();
    expect(waiting.isAnswered).toBe('desired' in changes);
  });

  it('leases nothing once it is revoked, and is told so', async () => {
    const edge = lab.edge();
    await lab.lab.submit();
    await lab.lab.revoke(edge);
    for (const waitSeconds of [0, 30]) {
      const poll = lab.ask(edge, { waitSeconds }).answer;
      await expect(poll).rejects.toMatchObject({ code: 'auth.invalid' });
    }
    expect(lab.polls.count).toBe(0);
  });

  it('holds no more than it may, though it was let in when it might hold more', async () => {
    const edge = lab.edge();
    await lab.lab.submit({ tasks: [{}, {}] });
    await lab.lab.change(edge, { maxLeases: 1 });
    const answers = [lab.ask(edge), lab.ask(edge)];
    await rest();
    expect(answers.filter((poll) => poll.isAnswered)).toHaveLength(1);
  });

  it('is woken for what it can run now, also by what comes while it looks', async () => {
    const edge = lab.edge({ labels: { site: 'a' } });
    await lab.lab.change(edge, { labels: { site: 'b' } });
    // It entered as what it was let in as, and looks at itself in its first try.
    const waiting = lab.ask(edge);
    void lab.lab.submit({ requires: { site: 'b' } });
    expect((await waiting.answer).items).toHaveLength(1);
    const parked = await lab.park(edge);
    await lab.lab.change(edge, { labels: { site: 'c' } });
    await rest();
    await lab.lab.submit({ requires: { site: 'b' } });
    await rest();
    expect(parked.isAnswered).toBe(false);
    await lab.lab.submit({ requires: { site: 'c' } });
    expect((await parked.answer).items).toHaveLength(1);
  });

  it('does not get the next task with its completion', async () => {
    const edge = lab.edge();
    await lab.lab.submit({ tasks: [{}, {}] });
    const leased = await lab.lab.leaseOne(edge);
    await lab.lab.change(edge, { desired: 'drain' });
    const { next } = await lab.lab.complete(edge, leased, { wantsNext: true });
    expect(next).toBeNull();
  });
});
