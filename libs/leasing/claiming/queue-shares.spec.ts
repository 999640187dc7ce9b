import { QueueShares } from './queue-shares';

const queue = (name: string, weight = 1) => ({ name, weight });

/** How often each queue is served when all of them always have work. */
function serve(shares: QueueShares, queues: { name: string; weight: number }[], rounds: number) {
  const served: Record<string, number> = Object.fromEntries(queues.map(({ name }) => [name, 0]));
  for (let round = 0; round < rounds; round += 1) {
    const next = shares.next(queues);
    if (next === null) throw new Error('There is always a queue');
    shares.charge(next);
    served[next.name] = (served[next.name] ?? 0) + 1;
  }
  return served;
}

describe('QueueShares', () => {
  it('has nothing to choose without queues', () => {
    expect(new QueueShares().next([])).toBeNull();
  });

  it('serves equal queues in turn', () => {
    expect(serve(new QueueShares(), [queue('a'), queue('b'), queue('c')], 30)).toEqual({
      a: 10,
      b: 10,
      c: 10,
    });
  });

  it('serves queues by their weights, at every moment within one lease of the exact share', () => {
    const shares = new QueueShares();
    const queues = [queue('large', 7), queue('middle', 2), queue('small', 1)];
    let served: Record<string, number> = { large: 0, middle: 0, small: 0 };
    for (let round = 1; round <= 500; round += 1) {
      const more = serve(shares, queues, 1);
      served = Object.fromEntries(
        queues.map(({ name }) => [name, (served[name] ?? 0) + (more[name] ?? 0)]),
      );
      for (const { name, weight } of queues) {
        expect(Math.abs((served[name] ?? 0) - (round * weight) / 10)).toBeLessThanOrEqual(1.5);
      }
    }
  });

  it('a queue that had no work saves nothing up', () => {
    const shares = new QueueShares();
    serve(shares, [queue('busy')], 1000);
    expect(serve(shares, [queue('busy'), queue('new')], 100)).toEqual({ busy: 50, new: 50 });
  });

  it('a queue that was served alone owes nothing later', () => {
    const shares = new QueueShares();
    serve(shares, [queue('a'), queue('b')], 10);
    serve(shares, [queue('a')], 1000);
    const { b = 0 } = serve(shares, [queue('a'), queue('b')], 100);
    expect(Math.abs(b - 50)).toBeLessThanOrEqual(1);
  });

  it('an edge that can run one queue only does not take its share on the other edges away', () => {
    const shares = new QueueShares();
    const queues = [queue('anyone'), queue('gpu')];
    let anyone = 0;
    for (let round = 0; round < 200; round += 1) {
      serve(shares, [queue('gpu')], 1);
      anyone += serve(shares, queues, 1)['anyone'] ?? 0;
    }
    expect(anyone).toBeGreaterThanOrEqual(198);
  });

  it('remembers only queues that are ahead, however many there were', () => {
    const shares = new QueueShares();
    for (let number = 0; number < 5000; number += 1) serve(shares, [queue(`q${number}`)], 2);
    expect(shares.size).toBeLessThanOrEqual(2);
  });
});
