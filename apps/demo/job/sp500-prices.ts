import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One trading day, as a `strategy-search` payload has it. */
export interface DailyBar {
  readonly time: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Real daily prices of the S&P 500, 2000-01-03 to 2020-04-17, from vega-datasets (BSD-3): 5,105 bars. */
export function sp500Prices(): DailyBar[] {
  // The package exports no data path; its main file is beside the data folder.
  const file = join(dirname(require.resolve('vega-datasets')), '../data/sp500-2000.csv');
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map(readBar);
}

/** Columns: date,open,high,low,close,adjclose,volume. */
function readBar(line: string): DailyBar {
  const [time = '', open, high, low, close, , volume] = line.split(',');
  return {
    time,
    open: Number(open),
    high: Number(high),
    low: Number(low),
    close: Number(close),
    volume: Number(volume),
  };
}
