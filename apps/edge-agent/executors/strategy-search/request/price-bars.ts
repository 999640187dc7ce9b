import { readTime as timeOf } from '@foreman/kernel';
import { readNumber, readObject } from './field-readers';
import { InvalidPayload } from './invalid-payload';

/** As the payload gave it: an ISO 8601 string, or a number of seconds or milliseconds since the epoch. */
export type BarTime = string | number;

export interface PriceBars {
  readonly times: readonly BarTime[];
  /** The same instants in ms since the epoch, strictly rising. */
  readonly epochMs: Float64Array;
  readonly closes: Float64Array;
}

/** One return needs two bars. */
const MIN_BARS = 2;
/** Bounds a worker's memory and the size of trades.csv; daily bars of 390 years, or a year of minutes of trading hours. */
const MAX_BARS = 100_000;
/** Years that every calendar computation and label of four digits can bear. */
const EARLIEST_MS = Date.UTC(1000, 0);
const LATEST_MS = Date.UTC(9999, 0);
/** A number below this is seconds: as milliseconds it would be before March 1973. */
const SMALLEST_EPOCH_MS = 1e11;

/**
 * Checks `prices: [{time, open?, high?, low?, close, volume?}]`. Only time and close are used and kept.
 * Bars must be in rising order: a shuffled series would give a plausible and wrong result.
 * @throws InvalidPayload naming the first bad bar
 */
export function readPriceBars(value: unknown, path: string): PriceBars {
  if (value === undefined || value === null) {
    throw new InvalidPayload(path, 'are missing: this executor fetches none itself');
  }
  if (!Array.isArray(value) || value.length < MIN_BARS || value.length > MAX_BARS) {
    throw new InvalidPayload(path, `must be an array of ${MIN_BARS} to ${MAX_BARS} bars`);
  }
  const times: BarTime[] = [];
  const epochMs = new Float64Array(value.length);
  const closes = new Float64Array(value.length);
  let previousMs = -Infinity;
  value.forEach((bar: unknown, index) => {
    const fields = readObject(bar, `${path}[${index}]`);
    const close = readNumber(fields['close'], `${path}[${index}].close`);
    if (close <= 0) throw new InvalidPayload(`${path}[${index}].close`, 'must be above zero');
    const [time, ms] = readTime(fields['time'], `${path}[${index}].time`);
    if (ms <= previousMs) {
      throw new InvalidPayload(
        `${path}[${index}].time`,
        'must be later than that of the bar before',
      );
    }
    previousMs = ms;
    times.push(time);
    epochMs[index] = ms;
    closes[index] = close;
  });
  return { times, epochMs, closes };
}

function readTime(value: unknown, path: string): [BarTime, number] {
  if (typeof value === 'number' || typeof value === 'string') {
    const ms = typeof value === 'number' ? epochMsOfNumber(value) : (timeOf(value) ?? NaN);
    if (ms >= EARLIEST_MS && ms <= LATEST_MS) return [value, ms];
  }
  throw new InvalidPayload(
    path,
    'must be an ISO 8601 time, or seconds or ms since 1970, in the years 1000 to 9998',
  );
}

function epochMsOfNumber(value: number): number {
  return Math.abs(value) < SMALLEST_EPOCH_MS ? value * 1000 : value;
}
