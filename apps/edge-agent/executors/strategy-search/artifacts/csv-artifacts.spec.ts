import { readSearchRequest } from '../request/search-request';
import { StrategySearch } from '../search/strategy-search';
import { sp500Bars } from '../test-prices/sp500-bars';
import { csvTable } from './csv-table';
import { equityCsv, equityRowStride } from './equity-csv';
import { tradesCsv } from './trades-csv';

function findings(changes: Record<string, unknown>) {
  const search = new StrategySearch(
    readSearchRequest({
      symbol: 'SPX',
      interval: '1d',
      searchStrategy: 'grid',
      strategy: 'sma-crossover',
      ...changes,
    }),
  );
  for (const _ of search.batches(100)) void _;
  return search.findings();
}

const lines = (csv: string) => csv.trimEnd().split('\r\n');

describe('csvTable', () => {
  it('keeps text from being run as a formula, and numbers as they are', () => {
    const csv = csvTable(
      ['name', 'value'],
      [
        ['=HYPERLINK("http://evil")', -0.5],
        ['+1', 1e-7],
        ['-1', 0.1 + 0.2],
        ['@SUM(A1)', 0],
        ['a,b\n"c"', 2],
      ],
    );
    expect(csv).toBe(
      [
        'name,value',
        `"'=HYPERLINK(""http://evil"")",-0.5`,
        `'+1,1e-7`,
        `'-1,0.30000000000000004`,
        `'@SUM(A1),0`,
        '"a,b\n""c""",2',
        '',
      ].join('\r\n'),
    );
  });
});

describe('tradesCsv', () => {
  it('lists the trades of the best config by the times and prices of the payload', () => {
    // fast (1) over slow (2): long after bars 1, 2 and 5 of 1 2 3 2 1 2 4; in at 2, out at 2; in at 2, held at 4.
    const closes = [1, 2, 3, 2, 1, 2, 4];
    const csv = tradesCsv(
      findings({
        parameters: { fast: [1], slow: [2] },
        prices: closes.map((close, bar) => ({ time: `2020-01-0${bar + 1}`, close })),
      }),
    );
    expect(lines(csv)).toEqual([
      'entry_time,entry_price,exit_time,exit_price,return,bars_held,open_at_end',
      '2020-01-02,2,2020-01-04,2,0,2,no',
      '2020-01-06,2,2020-01-07,4,1,1,yes',
    ]);
  });
});

describe('equityCsv', () => {
  const prices = sp500Bars();

  it('puts the ten best and buy and hold side by side at every bar, too large to be inlined', () => {
    const result = findings({
      parameters: { fast: { min: 5, max: 20, step: 5 }, slow: { min: 30, max: 150, step: 30 } },
      prices,
    });
    const csv = equityCsv(result);
    const [header = '', first = '', ...rest] = lines(csv);
    const ids = result.best.map(({ configId }) => configId);
    expect(ids).toHaveLength(10);
    expect(header).toBe(['time', 'close', 'buy_and_hold', ...ids].join(','));
    expect(first).toBe(`2000-01-03,1455.219971,1${',1'.repeat(10)}`);
    expect(rest).toHaveLength(prices.length - 1);
    const last = rest.at(-1)?.split(',') ?? [];
    expect(last.slice(0, 2)).toEqual(['2020-04-17', '2874.560059']);
    expect(Number(last[2])).toBeCloseTo(2874.560059 / 1455.219971, 12);
    expect(last[3]).toBe(String(result.best[0].run.equity.at(-1)));
    expect(Buffer.byteLength(csv)).toBeGreaterThan(262_144);
  });

  it('thins out what is longer than a gateway stores, and keeps the last bar', () => {
    expect([equityRowStride(30_000), equityRowStride(30_001)]).toEqual([1, 2]);
    const long = Array.from({ length: 30_002 }, (_, bar) => ({ time: bar * 60, close: 1 }));
    const csv = equityCsv(
      findings({ parameters: { fast: [1], slow: [2] }, interval: '1m', prices: long }),
    );
    const rows = lines(csv).slice(1);
    expect(rows).toHaveLength(15_001);
    expect(rows.at(-1)?.split(',')[0]).toBe(String(30_001 * 60));
  });
});
