import { BestConfigs } from './best-configs';

const config = (configId: string, rank: number | null) => ({ configId, values: {}, rank });

describe('BestConfigs', () => {
  const offered = [
    config('d', 1),
    config('b', 2),
    config('a', null),
    config('c', 2),
    config('e', -3),
  ];

  it.each([[offered], [offered.toReversed()]])(
    'ranks by metric, then by id, null last',
    (order) => {
      const best = new BestConfigs('sharpe', 9);
      order.forEach((one) => best.offer(one));
      expect(best.list().map(({ configId }) => configId)).toEqual(['b', 'c', 'd', 'e', 'a']);
    },
  );

  it('keeps no more than asked for', () => {
    const best = new BestConfigs('sharpe', 2);
    offered.forEach((one) => best.offer(one));
    expect(best.list().map(({ configId }) => configId)).toEqual(['b', 'c']);
  });
});
