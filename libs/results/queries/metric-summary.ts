import { selectRanks } from './rank-selection';

/** The numbers of one metric, booleans being 1 and 0. */
export interface MetricSummary {
  /** Rows that have a value. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  readonly quantiles: {
    readonly p05: number;
    readonly p25: number;
    readonly p75: number;
    readonly p95: number;
  };
}

const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/**
 * Exact: quantiles by selection, between two values linearly (type 7 of Hyndman and Fan 1996, as in R,
 * NumPy and spreadsheets); the mean from a compensated sum (Neumaier 1974). Changes the order of the values.
 * @param values one at least, no NaN.
 */
export async function metricSummary(values: Float64Array): Promise<MetricSummary> {
  const { min, max, mean } = await extremes(values);
  const last = values.length - 1;
  const ranks = SHARES.flatMap((share) => {
    const rank = Math.floor(share * last);
    return [rank, Math.min(rank + 1, last)];
  });
  await selectRanks(values, ranks);
  const [p05, p25, median, p75, p95] = SHARES.map((share) => quantile(values, share));
  return {
    count: values.length,
    min,
    max,
    mean,
    median: median ?? mean,
    quantiles: { p05: p05 ?? min, p25: p25 ?? min, p75: p75 ?? max, p95: p95 ?? max },
  };
}

/** @param values those at the share's two ranks stand in their places. */
function quantile(values: Float64Array, share: number): number {
  const place = share * (values.length - 1);
  const rank = Math.floor(place);
  const low = values[rank] ?? 0;
  const high = values[rank + 1] ?? low;
  const part = place - rank;
  // Not low + part * (high - low): that difference may be more than a double can hold.
  return Math.min(high, Math.max(low, low * (1 - part) + high * part));
}

/** Others have their turn after so many: three milliseconds. */
const NUMBERS_A_TURN = 250_000;

async function extremes(
  values: Float64Array,
): Promise<Pick<MetricSummary, 'min' | 'max' | 'mean'>> {
  let min = Infinity;
  let max = -Infinity;
  const sum = await summedUp(values, 1, (value) => {
    if (value < min) min = value;
    if (value > max) max = value;
  });
  // A sum of very large values overflows where their mean does not.
  const mean = Number.isFinite(sum)
    ? sum / values.length
    : await summedUp(values, 1 / values.length);
  return { min, max, mean: Math.min(max, Math.max(min, mean)) };
}

/** The sum of the values times `factor`; `seen` is told of each. Does not hold up the event loop. */
async function summedUp(
  values: Float64Array,
  factor: number,
  seen: (value: number) => void = () => undefined,
): Promise<number> {
  const sum = new CompensatedSum();
  for (let start = 0; start < values.length; start += NUMBERS_A_TURN) {
    if (start > 0) await new Promise(setImmediate);
    for (const value of values.subarray(start, start + NUMBERS_A_TURN)) {
      seen(value);
      sum.add(value * factor);
    }
  }
  return sum.total;
}

class CompensatedSum {
  private sum = 0;
  private lost = 0;

  add(value: number): void {
    const next = this.sum + value;
    this.lost +=
      Math.abs(this.sum) >= Math.abs(value) ? this.sum - next + value : value - next + this.sum;
    this.sum = next;
  }

  get total(): number {
    return this.sum + this.lost;
  }
}
