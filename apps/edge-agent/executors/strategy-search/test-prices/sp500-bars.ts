import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Sp500Bar {
  readonly time: string;
  readonly close: number;
}

/** Real daily S&P 500 closes, 2000-01-03 to 2020-04-17, from vega-datasets (BSD-3): 5,105 bars. For specs only. */
export function sp500Bars(): Sp500Bar[] {
  // The package exports no data path; its main file is beside the data folder.
  const file = join(dirname(require.resolve('vega-datasets')), '../data/sp500-2000.csv');
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [time = '', , , , close = ''] = line.split(',');
    return { time, close: Number(close) };
  });
}
