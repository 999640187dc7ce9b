import { readSearchRequest } from '../request/search-request';
import { planSearch } from './search-plan';

const plan = (changes: Record<string, unknown>) =>
  planSearch(
    readSearchRequest({
      symbol: 'SPX',
      interval: '1d',
      searchStrategy: 'grid',
      strategy: 'sma-crossover',
      parameters: { fast: [1, 2, 3], slow: [2, 3, 4] },
      prices: [
        { time: 1, close: 1 },
        { time: 2, close: 1 },
      ],
      ...changes,
    }),
  );

const wide = {
  fast: { min: 1, max: 100, step: 1 },
  slow: { min: 50, max: 250, step: 1 },
};

describe('planSearch', () => {
  it('nests a grid in the order of the strategy, without the combinations that make no sense', () => {
    expect(plan({})).toEqual([
      { fast: 1, slow: 2 },
      { fast: 1, slow: 3 },
      { fast: 1, slow: 4 },
      { fast: 2, slow: 3 },
      { fast: 2, slow: 4 },
      { fast: 3, slow: 4 },
    ]);
  });

  it('takes the first of a grid when trials are fewer', () => {
    expect(plan({ trials: { max: 2 } })).toEqual(plan({}).slice(0, 2));
  });

  it('draws the same distinct combinations for the same seed, others for another', () => {
    const draw = (seed: number) =>
      plan({ searchStrategy: 'random', parameters: wide, trials: { max: 500, seed } });
    const drawn = draw(42);
    expect(drawn).toHaveLength(500);
    expect(new Set(drawn.map((one) => JSON.stringify(one))).size).toBe(500);
    expect(drawn.every(({ fast = 0, slow = 0 }) => fast < slow)).toBe(true);
    expect(draw(42)).toEqual(drawn);
    expect(draw(43)).not.toEqual(drawn);
  });

  it('draws all there are when trials are more, each once', () => {
    const key = (one: object) => JSON.stringify(one);
    const drawn = plan({ searchStrategy: 'random' }).map(key);
    expect(drawn.toSorted()).toEqual(plan({}).map(key).toSorted());
    expect(drawn).not.toEqual(plan({}).map(key));
  });

  it('draws each combination about as often as any other', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const [first] = plan({ searchStrategy: 'random', trials: { max: 1, seed } });
      const key = JSON.stringify(first);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    // 3000 draws of 6: 500 each, standard deviation about 20.
    expect([...counts.values()]).toHaveLength(6);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(100);
  });

  it('draws from a space that is far too large to list', () => {
    const parameters = {
      period: { min: 2, max: 50_000, step: 1 },
      oversold: { min: 0, max: 50, step: 0.001 },
      overbought: { min: 50, max: 100, step: 0.01 },
    };
    const draw = { searchStrategy: 'random', strategy: 'rsi-reversal', parameters };
    expect(plan({ ...draw, trials: { max: 20 } })).toHaveLength(20);
  });

  it('says what is wrong when nothing is left to try', () => {
    expect(() => plan({ parameters: { fast: [5], slow: [5, 3] } })).toThrow(
      'payload.parameters hold no usable combination: fast must be less than slow',
    );
  });
});
