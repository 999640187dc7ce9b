import { buyAndHold, runBacktest } from './backtest';
import { type Metrics, compareByMetric, measure, pickMetrics } from './metrics';

const DAYS = 252;

describe('measure', () => {
  it('gives the values worked out by hand', () => {
    // Returns of the bars: +10%, -10%, +20%, -10%, +20%; held over the first two and the last two.
    const closes = Float64Array.of(100, 110, 99, 118.8, 106.92, 128.304);
    const metrics = measure(runBacktest(closes, Uint8Array.of(1, 1, 0, 1, 1, 0), 0), DAYS);

    // 1.1 * 0.9 * 0.9 * 1.2 = 1.0692
    expect(metrics.totalReturn).toBeCloseTo(0.0692, 12);
    // 5 returns of 252 a year: 1.0692 ^ (252 / 5) = e ^ (50.4 * ln 1.0692) = e ^ (50.4 * 0.066910715) = e ^ 3.3723
    expect(metrics.cagr).toBeCloseTo(Math.exp(50.4 * 0.066910715) - 1, 4);
    // Returns 0.1, -0.1, 0, -0.1, 0.2: mean 0.1 / 5 = 0.02.
    // Squared distances 0.0064 + 0.0144 + 0.0004 + 0.0144 + 0.0324 = 0.068; variance 0.068 / 4 = 0.017.
    // 0.02 / sqrt(0.017) * sqrt(252) = 0.02 * sqrt(14823.5294) = 0.02 * 121.751918 = 2.43503836
    expect(metrics.sharpe).toBeCloseTo(2.43503836, 7);
    // Peak 1.1 on bar 1, lowest after it 0.891 on bar 4: 1 - 0.891 / 1.1 = 0.19
    expect(metrics.maxDrawdown).toBeCloseTo(0.19, 12);
    // 100 -> 99 lost, 118.8 -> 128.304 (still open) won
    expect(metrics.winRate).toBe(0.5);
    expect(metrics.trades).toBe(2);
  });

  it('annualises by the bars of a year', () => {
    // Doubles over 4 bars; at 2 bars a year that took 2 years: 2 ^ (1 / 2) - 1 = 0.41421356
    const run = buyAndHold(Float64Array.of(10, 12, 9, 16, 20), 0);
    expect(measure(run, 2).cagr).toBeCloseTo(Math.SQRT2 - 1, 12);
    // sharpe grows with the square root: 8 times the bars, sqrt(8) times the ratio
    const [few, many] = [measure(run, 2).sharpe, measure(run, 16).sharpe];
    expect((many as number) / (few as number)).toBeCloseTo(Math.sqrt(8), 10);
  });

  it('counts the fall from the starting capital as a drawdown', () => {
    // 100 -> 80 -> 90: never above the start, 1 - 0.8 / 1
    expect(measure(buyAndHold(Float64Array.of(100, 80, 90), 0), DAYS).maxDrawdown).toBeCloseTo(0.2);
  });

  it('says null where a value is undefined, and never NaN or infinity', () => {
    const neverLong = runBacktest(Float64Array.of(1, 2, 3), new Uint8Array(3), 0);
    expect(measure(neverLong, DAYS)).toEqual({
      totalReturn: 0,
      cagr: 0,
      sharpe: null, // flat: no spread to divide by
      maxDrawdown: 0,
      winRate: null, // no trade
      trades: 0,
    });
    // One return has no spread.
    expect(measure(buyAndHold(Float64Array.of(1, 2), 0), DAYS).sharpe).toBeNull();
    // 10% a bar on paper; in doubles the returns differ by rounding, which must not pass for a spread.
    const steady = Float64Array.from({ length: 50 }, (_, bar) => 100 * 1.1 ** bar);
    expect(measure(buyAndHold(steady, 0), DAYS).sharpe).toBeNull();
    // A thousandfold in one minute: (1e3) ^ 98280 is no double.
    expect(measure(buyAndHold(Float64Array.of(1, 1000), 0), 98_280).cagr).toBeNull();
  });
});

describe('compareByMetric', () => {
  const metrics = (values: Partial<Metrics>): Metrics => ({
    totalReturn: null,
    cagr: null,
    sharpe: null,
    maxDrawdown: null,
    winRate: null,
    trades: null,
    ...values,
  });

  it('ranks the higher first, the lower drawdown first, and null last', () => {
    expect(compareByMetric('sharpe', 2, 1)).toBeLessThan(0);
    expect(compareByMetric('maxDrawdown', 0.1, 0.4)).toBeLessThan(0);
    expect(compareByMetric('sharpe', -9, null)).toBeLessThan(0);
    expect(compareByMetric('sharpe', null, -9)).toBeGreaterThan(0);
    expect(compareByMetric('sharpe', null, null)).toBe(0);
  });

  it('picks names in the order asked for', () => {
    const picked = pickMetrics(metrics({ trades: 3, cagr: 0.1 }), ['trades', 'cagr']);
    expect(Object.entries(picked)).toEqual([
      ['trades', 3],
      ['cagr', 0.1],
    ]);
  });
});
