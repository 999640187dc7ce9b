import { buyAndHold, runBacktest } from './backtest';
import { seededRandom } from '../search/seeded-random';

// Returns of bars 1..5: +10%, -10%, +20%, -10%, +20%.
const CLOSES = Float64Array.of(100, 110, 99, 118.8, 106.92, 128.304);

function closeTo(actual: Iterable<number>, expected: readonly number[]): void {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  expected.forEach((value, index) => expect(values[index]).toBeCloseTo(value, 12));
}

describe('runBacktest', () => {
  it('earns with the position decided on the bar before', () => {
    const { equity, trades } = runBacktest(CLOSES, Uint8Array.of(1, 1, 0, 1, 1, 0), 0);
    // bar 1: held since bar 0      1      * 1.1 = 1.1
    // bar 2: held since bar 0      1.1    * 0.9 = 0.99
    // bar 3: flat, decided on 2    0.99            (misses the +20%)
    // bar 4: held since bar 3      0.99   * 0.9 = 0.891
    // bar 5: held since bar 3      0.891  * 1.2 = 1.0692; the decision on bar 5 comes too late for anything
    closeTo(equity, [1, 1.1, 0.99, 0.99, 0.891, 1.0692]);
    expect(trades).toEqual([
      { entryBar: 0, exitBar: 2, gain: expect.closeTo(99 / 100 - 1, 12), isOpen: false },
      { entryBar: 3, exitBar: 5, gain: expect.closeTo(128.304 / 118.8 - 1, 12), isOpen: true },
    ]);
  });

  it('gives nothing to a decision on the bar whose rise it has seen', () => {
    // Long only on the bars that rose, decided on the close of the rise itself: it earns the falls instead.
    const { equity } = runBacktest(CLOSES, Uint8Array.of(0, 1, 0, 1, 0, 1), 0);
    closeTo(equity, [1, 1, 0.9, 0.9, 0.81, 0.81]);
  });

  it('charges the fee once at each entry and each exit, none for a trade that stays open', () => {
    const { equity, trades } = runBacktest(CLOSES, Uint8Array.of(1, 1, 0, 1, 1, 0), 0.01);
    // 0.99 at bar 1 (entry), at bar 3 (exit decided on 2), at bar 4 (entry decided on 3).
    closeTo(equity, [
      1,
      1.1 * 0.99,
      0.99 * 0.99,
      0.99 * 0.99 ** 2,
      0.891 * 0.99 ** 3,
      1.0692 * 0.99 ** 3,
    ]);
    expect(trades.map(({ gain }) => gain)).toEqual([
      expect.closeTo(0.99 * 0.99 ** 2 - 1, 12),
      expect.closeTo(1.08 * 0.99 - 1, 12),
    ]);
  });

  it('makes no trade of an entry decided on the last bar', () => {
    const { equity, trades } = runBacktest(CLOSES, Uint8Array.of(0, 0, 0, 0, 0, 1), 0.01);
    expect([...equity]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(trades).toEqual([]);
  });

  it('ends at the product of its trades, whatever the positions', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 50; round++) {
      const closes = Float64Array.from({ length: 60 }, () => 50 + 100 * random());
      const positions = Uint8Array.from({ length: 60 }, () => Math.round(random()));
      const { equity, trades } = runBacktest(closes, positions, 0.002);
      const product = trades.reduce((value, { gain }) => value * (1 + gain), 1);
      expect(equity.at(-1)).toBeCloseTo(product, 10);
    }
  });
});

describe('buyAndHold', () => {
  it('follows the closes from the first one, less one fee', () => {
    closeTo(buyAndHold(CLOSES, 0).equity, [1, 1.1, 0.99, 1.188, 1.0692, 1.28304]);
    expect(buyAndHold(CLOSES, 0.01).equity.at(-1)).toBeCloseTo(1.28304 * 0.99, 12);
  });
});
