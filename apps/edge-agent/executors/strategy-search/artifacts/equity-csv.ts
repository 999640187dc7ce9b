import type { BarTime } from '../request/price-bars';
import type { SearchFindings } from '../search/strategy-search';
import { csvTable } from './csv-table';

/** Keeps the file near 6 MiB with ten configs: below the 8 MiB that a gateway on SQLite stores of one artifact. */
const MAX_ROWS = 30_000;

/** How many bars apart the rows of `equity.csv` are: 1, every bar, up to 30,000 bars. */
export function equityRowStride(barCount: number): number {
  return Math.ceil(barCount / MAX_ROWS);
}

/**
 * `equity.csv`: what 1 became in each of the best configs (a column each, named by configId, best first) and in buy
 * and hold, at every bar; the last bar is always there.
 */
export function equityCsv({ request, best, buyAndHold }: SearchFindings): string {
  const { times, closes } = request.prices;
  const curves = [buyAndHold.run.equity, ...best.map(({ run }) => run.equity)];
  const stride = equityRowStride(closes.length);
  const bars = times.map((_, bar) => bar);
  const rows = bars
    .filter((bar) => (closes.length - 1 - bar) % stride === 0)
    .map((bar) => [
      times[bar] as BarTime,
      closes[bar] as number,
      ...curves.map((curve) => curve[bar] as number),
    ]);
  return csvTable(['time', 'close', 'buy_and_hold', ...best.map(({ configId }) => configId)], rows);
}
