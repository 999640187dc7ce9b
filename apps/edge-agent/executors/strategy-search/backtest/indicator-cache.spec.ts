import { BollingerBands, SMA } from 'trading-signals';
import { sp500Bars } from '../test-prices/sp500-bars';
import { IndicatorCache } from './indicator-cache';

const closes = Float64Array.from(sp500Bars().slice(0, 300), ({ close }) => close);

describe('IndicatorCache', () => {
  it('gives what trading-signals gives, NaN until an indicator is stable', () => {
    const series = new IndicatorCache(closes).sma(20);
    const direct = new SMA(20);
    closes.forEach((close, bar) => expect(series[bar]).toBe(direct.add(close) ?? NaN));
    expect(series.findIndex((value) => !Number.isNaN(value))).toBe(19);
    expect(new IndicatorCache(closes).ema(20).findIndex((value) => !Number.isNaN(value))).toBe(19);
    expect(new IndicatorCache(closes).rsi(14).findIndex((value) => !Number.isNaN(value))).toBe(14);
  });

  it('keeps bands of any width in two series', () => {
    const { middle, deviation } = new IndicatorCache(closes).bands(20);
    const direct = new BollingerBands(20, 2.5);
    closes.forEach((close, bar) => {
      const bands = direct.add(close);
      if (bands === null) return expect(middle[bar]).toBeNaN();
      expect((middle[bar] as number) + 2.5 * (deviation[bar] as number)).toBeCloseTo(
        bands.upper,
        9,
      );
    });
  });

  it('computes a series once while it is in use, and lets the least recently used go', () => {
    const cache = new IndicatorCache(closes, 3 * closes.length);
    const [ten, eleven] = [cache.sma(10), cache.sma(11)];
    cache.sma(12);
    expect(cache.sma(10)).toBe(ten);
    cache.sma(13); // the fourth: 11 was used longest ago
    expect(cache.sma(10)).toBe(ten);
    expect(cache.sma(11)).not.toBe(eleven);
    expect(cache.sma(11)).toEqual(eleven);
  });
});
