import type { BarTime } from '../request/price-bars';
import type { SearchFindings } from '../search/strategy-search';
import { csvTable } from './csv-table';

/** `trades.csv`: every trade of the best config, in order of time; `return` is after fees, as a share. */
export function tradesCsv({ request, best }: SearchFindings): string {
  const { times, closes } = request.prices;
  return csvTable(
    ['entry_time', 'entry_price', 'exit_time', 'exit_price', 'return', 'bars_held', 'open_at_end'],
    best[0].run.trades.map(({ entryBar, exitBar, gain, isOpen }) => [
      times[entryBar] as BarTime,
      closes[entryBar] as number,
      times[exitBar] as BarTime,
      closes[exitBar] as number,
      gain,
      exitBar - entryBar,
      isOpen ? 'yes' : 'no',
    ]),
  );
}
