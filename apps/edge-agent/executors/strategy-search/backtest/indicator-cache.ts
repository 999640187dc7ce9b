import { BollingerBands, EMA, RSI, SMA } from 'trading-signals';
import type { Series } from './series';

/** A band's middle line and one standard deviation around it; multiples are the strategy's business. */
interface Bands {
  readonly middle: Series;
  readonly deviation: Series;
}

/** 32 MiB of doubles: some 800 series over 5,000 bars, at least 40 over the longest ones. */
const DEFAULT_CAPACITY = 4 * 1024 * 1024;

/**
 * Indicator series over one list of closes, computed by trading-signals once for each period and kept while they
 * are in use: the least recently used go when `capacity` (in numbers) is exceeded. Values of the first bars, where
 * an indicator is not yet stable, are NaN, so that every comparison with them is false.
 */
export class IndicatorCache {
  private readonly kept = new Map<string, readonly Series[]>();
  private keptNumbers = 0;

  constructor(
    readonly closes: Series,
    private readonly capacity = DEFAULT_CAPACITY,
  ) {}

  sma(period: number): Series {
    return this.single(`sma ${period}`, () => new SMA(period));
  }

  ema(period: number): Series {
    return this.single(`ema ${period}`, () => new EMA(period));
  }

  /** Wilder's RSI, 0..100. By trading-signals' convention a series that never fell has 100. */
  rsi(period: number): Series {
    return this.single(`rsi ${period}`, () => new RSI(period));
  }

  /** Simple moving average and population standard deviation of the last `period` closes. */
  bands(period: number): Bands {
    const [middle, deviation] = this.get(`bands ${period}`, () => {
      const bollinger = new BollingerBands(period, 1);
      const averages = this.blank();
      const deviations = this.blank();
      this.closes.forEach((close, index) => {
        const bands = bollinger.add(close);
        if (bands === null) return;
        averages[index] = bands.middle;
        deviations[index] = (bands.upper - bands.lower) / 2;
      });
      return [averages, deviations];
    });
    return { middle: middle as Series, deviation: deviation as Series };
  }

  private single(
    key: string,
    make: () => { add(close: number): number | null; readonly isStable: boolean },
  ): Series {
    const [series] = this.get(key, () => {
      const indicator = make();
      const values = this.blank();
      this.closes.forEach((close, index) => {
        const value = indicator.add(close);
        // An EMA answers from the first bar on, but means something only after its period.
        if (value !== null && indicator.isStable) values[index] = value;
      });
      return [values];
    });
    return series as Series;
  }

  private get(key: string, compute: () => readonly Series[]): readonly Series[] {
    const found = this.kept.get(key);
    const series = found ?? compute();
    // A Map iterates in order of insertion: taking it out and in again makes it the youngest.
    this.kept.delete(key);
    this.kept.set(key, series);
    if (found === undefined) {
      this.keptNumbers += numbersIn(series);
      this.evict();
    }
    return series;
  }

  private evict(): void {
    for (const [key, series] of this.kept) {
      // The two youngest stay whatever their size: one config may need both.
      if (this.keptNumbers <= this.capacity || this.kept.size <= 2) return;
      this.kept.delete(key);
      this.keptNumbers -= numbersIn(series);
    }
  }

  private blank(): Series {
    return new Float64Array(this.closes.length).fill(NaN);
  }
}

function numbersIn(series: readonly Series[]): number {
  return series.reduce((sum, one) => sum + one.length, 0);
}
