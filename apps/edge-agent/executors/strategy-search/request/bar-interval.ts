import { InvalidPayload } from './invalid-payload';

/**
 * Bars in a year, by unit, for a market with 252 trading days of 6.5 hours (US equities).
 * Markets that never close give their own figure in `trialSettings.barsPerYear` (365 for daily crypto bars).
 */
const BARS_PER_YEAR: Readonly<Record<string, number>> = {
  m: 252 * 390,
  h: 252 * 6.5,
  d: 252,
  w: 52,
  mo: 12,
  y: 1,
};

const INTERVAL = /^([1-9]\d{0,3})(mo|[mhdwyMDHWY])$/;

/**
 * The annualisation factor of a bar interval such as `1d`, `15m`, `4h`, `1w`, `1mo` (or `1M`): 252 for `1d`,
 * 252 * 390 / 15 for `15m`. Only `M` (month) and `m` (minute) differ by case.
 * @throws InvalidPayload for any other text
 */
export function barsPerYearOf(interval: string, path: string): number {
  const [, count, unit = ''] = INTERVAL.exec(interval) ?? [];
  const perYear = BARS_PER_YEAR[unit === 'M' ? 'mo' : unit.toLowerCase()];
  if (count === undefined || perYear === undefined) {
    throw new InvalidPayload(
      path,
      'must be a number and a unit of m, h, d, w, mo or y, such as "1d"',
    );
  }
  return perYear / Number(count);
}
