import { IndicatorCache } from '../backtest/indicator-cache';
import { sp500Bars } from '../test-prices/sp500-bars';
import { STRATEGIES, STRATEGY_NAMES, type StrategyName } from './strategies';
import type { ParameterValues } from './strategy';

function positions(name: StrategyName, values: ParameterValues, closes: readonly number[]) {
  return [...STRATEGIES[name].positions(values, new IndicatorCache(Float64Array.from(closes)))];
}

describe('strategies, on series short enough for paper', () => {
  it('sma-crossover is long while the fast average is above the slow one', () => {
    // fast (1):  1    2    3    2    1    2
    // slow (2):  -   1.5  2.5  2.5  1.5  1.5
    const closes = [1, 2, 3, 2, 1, 2];
    expect(positions('sma-crossover', { fast: 1, slow: 2 }, closes)).toEqual([0, 1, 1, 0, 0, 1]);
  });

  it('ema-crossover weighs the last close with 2 / (period + 1), and waits for a whole period', () => {
    // fast (1), weight 1:   4   8   8   4    8
    // slow (3), weight 1/2: 4   6   7  5.5  6.75; means nothing before its third bar
    const closes = [4, 8, 8, 4, 8];
    expect(positions('ema-crossover', { fast: 1, slow: 3 }, closes)).toEqual([0, 0, 1, 0, 1]);
  });

  it('rsi-reversal buys oversold and holds until overbought', () => {
    // changes:        -2   -2   +3     +3      0      -1
    // average gain:         0   1.5    2.25   1.125   0.5625     Wilder, period 2: half old, half new
    // average loss:         2   1      0.5    0.25    0.625
    // RSI:                  0   60     81.8   81.8    47.4       100 - 100 / (1 + gain / loss)
    const closes = [10, 8, 6, 9, 12, 12, 11];
    const values = { period: 2, oversold: 30, overbought: 70 };
    expect(positions('rsi-reversal', values, closes)).toEqual([0, 0, 1, 1, 0, 0, 0]);
    expect(positions('rsi-reversal', { ...values, overbought: 85 }, closes)).toEqual([
      0, 0, 1, 1, 1, 1, 1,
    ]);
  });

  it('bollinger-breakout buys above the upper band and holds until below the middle', () => {
    // middle (3):          2     3.67   4.67   5     3.67
    // deviation:           0.82  1.70   1.25   0.82  1.25     of the population: squares / 3
    // upper, 1 deviation:  2.82  5.37   5.91   5.82  4.91
    // close:         1  2  3     6      5      4     2
    const closes = [1, 2, 3, 6, 5, 4, 2];
    const values = { period: 3, deviations: 1 };
    expect(positions('bollinger-breakout', values, closes)).toEqual([0, 0, 1, 1, 1, 0, 0]);
  });

  it('refuses combinations that make no sense', () => {
    expect(STRATEGIES['sma-crossover'].accepts({ fast: 10, slow: 10 })).toBe(false);
    expect(STRATEGIES['sma-crossover'].accepts({ fast: 9, slow: 10 })).toBe(true);
    expect(STRATEGIES['rsi-reversal'].accepts({ oversold: 70, overbought: 30 })).toBe(false);
  });
});

describe.each(STRATEGY_NAMES)('%s', (name) => {
  const values: ParameterValues = {
    fast: 5,
    slow: 20,
    period: 10,
    oversold: 40,
    overbought: 60,
    deviations: 1,
  };
  const closes = sp500Bars()
    .slice(0, 400)
    .map(({ close }) => close);

  it('decides from the past alone: later bars change no earlier decision', () => {
    const whole = positions(name, values, closes);
    expect(new Set(whole)).toEqual(new Set([0, 1]));
    for (const length of [30, 31, 100, 257]) {
      expect(positions(name, values, closes.slice(0, length))).toEqual(whole.slice(0, length));
    }
  });

  it('stays flat where the series is shorter than its period', () => {
    expect(positions(name, values, closes.slice(0, 4))).toEqual([0, 0, 0, 0]);
  });
});
