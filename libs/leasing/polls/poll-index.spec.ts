import { PollIndex, type Demand, type IndexedPoll } from './poll-index';

describe('PollIndex', () => {
  let index: PollIndex<IndexedPoll>;
  let looks: number;
  beforeEach(() => {
    index = new PollIndex();
    looks = 0;
  });

  const poll = (
    place: number,
    labels: Record<string, string> = {},
    kinds = ['a'],
  ): IndexedPoll => ({
    place,
    claimant: { edgeId: `edge ${place}`, kinds, labels: counted(labels) },
  });
  /** Labels that tell how often they were asked for, by whoever asks whether a poll can run a task. */
  const counted = (labels: Record<string, string>) =>
    new Proxy(labels, {
      get: (target, name: string) => {
        looks += 1;
        return target[name];
      },
    });
  const demand = (changes: Partial<Demand> = {}): Demand => ({
    kind: 'a',
    requires: null,
    assignedEdgeId: null,
    ...changes,
  });

  it('answers in the order of arrival, also to those that come back', () => {
    const [first, second, third] = [poll(1), poll(2), poll(3)];
    for (const each of [third, first, second]) index.add(each);
    expect(index.first(demand())).toBe(first);
    expect(index.first(demand(), 1)).toBe(second);
    index.delete(first);
    index.delete(second);
    expect(index.first(demand())).toBe(third);
    index.add(first);
    expect(index.first(demand())).toBe(first);
    expect(index.first(demand(), 3)).toBeNull();
  });

  it('holds a poll once, and nothing of those that have gone', () => {
    const one = poll(1, { gpu: 'yes' }, ['a', 'b']);
    index.add(one);
    index.add(one);
    const counts = () => ['a', 'b'].map((kind) => index.countFor(demand({ kind })));
    expect(counts()).toEqual([1, 1]);
    index.delete(poll(2));
    index.delete(one);
    index.delete(one);
    expect(counts()).toEqual([0, 0]);
    expect(index.first(demand())).toBeNull();
  });

  it('respects kind, every label, and assignment', () => {
    const north = poll(1, { gpu: 'yes', site: 'north' });
    const south = poll(2, { gpu: 'yes', site: 'south' });
    for (const each of [north, south, poll(3, {}, ['b'])]) index.add(each);
    expect(index.first(demand({ requires: { gpu: 'yes', site: 'south' } }))).toBe(south);
    expect(index.first(demand({ requires: { gpu: 'no' } }))).toBeNull();
    expect(index.first(demand({ assignedEdgeId: 'edge 2' }))).toBe(south);
    expect(index.first(demand({ assignedEdgeId: 'edge 3' }))).toBeNull();
    expect(index.first(demand({ kind: 'b' }))?.place).toBe(3);
  });

  it('looks at those only that the rarest of what a task asks for leaves over', () => {
    for (let place = 0; place < 10_000; place += 1) {
      index.add(poll(place, place % 1000 === 999 ? { rare: 'yes' } : { common: 'yes' }));
    }
    looks = 0;
    expect(index.first(demand({ requires: { rare: 'yes' } }))?.place).toBe(999);
    expect(looks).toBe(1);
    expect(index.first(demand({ requires: { rare: 'yes', common: 'yes' } }))).toBeNull();
    expect(looks).toBeLessThanOrEqual(21);
    expect(index.first(demand({ requires: { unknown: 'yes' } }))).toBeNull();
    expect(
      index.first(demand({ requires: { common: 'yes' }, assignedEdgeId: 'edge 999' })),
    ).toBeNull();
    expect(looks).toBeLessThanOrEqual(22);
  });
});
