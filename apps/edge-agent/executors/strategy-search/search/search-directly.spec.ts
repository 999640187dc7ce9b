import type { CompletionReport } from '../artifacts/completion-report';
import { sp500Bars } from '../test-prices/sp500-bars';
import { searchDirectly } from './search-directly';

const payload = {
  symbol: 'SPX',
  interval: '1d',
  searchStrategy: 'grid',
  strategy: 'sma-crossover',
  parameters: { fast: { min: 5, max: 50, step: 5 }, slow: { min: 20, max: 200, step: 10 } },
  metrics: ['sharpe', 'cagr'],
  trials: { max: 1000 },
  prices: sp500Bars(),
};

describe('searchDirectly, on twenty years of the S&P 500', () => {
  const result = searchDirectly(payload);

  it('gives one row a config, with its own id and the metrics asked for', () => {
    // Of 10 * 19 combinations those with fast < slow: 190 minus fast 20..50 over slow 20..50: 1+1+2+2+3+3+4 = 16.
    expect(result.rows).toHaveLength(174);
    expect(new Set(result.rows.map(({ configId }) => configId)).size).toBe(174);
    expect(result.rows[0]).toEqual({
      configId: 'sma-crossover;fast=5;slow=20',
      config: { strategy: 'sma-crossover', fast: 5, slow: 20 },
      metrics: { sharpe: expect.any(Number), cagr: expect.any(Number) },
    });
    expect([result.processedCount, result.totalCount]).toEqual([174, 174]);
  });

  it('names the best ten by the first metric, as a sort of the rows would', () => {
    const ranked = result.rows.toSorted(
      (a, b) =>
        (b.metrics['sharpe'] as number) - (a.metrics['sharpe'] as number) ||
        (a.configId < b.configId ? -1 : 1),
    );
    expect(result.bestConfigIds).toEqual(ranked.slice(0, 10).map(({ configId }) => configId));
  });

  it('sums it up in the completion artifact', () => {
    expect(result.artifacts.map(({ name, contentType }) => [name, contentType])).toEqual([
      ['completion', 'application/json'],
      ['equity-curve.svg', 'image/svg+xml'],
      ['trades.csv', 'text/csv; charset=utf-8'],
      ['equity.csv', 'text/csv; charset=utf-8'],
    ]);
    const report = JSON.parse(result.artifacts[0]?.body ?? '') as CompletionReport;
    const best = result.rows.find(({ configId }) => configId === result.bestConfigIds[0]);
    expect(report.best).toEqual(best);
    expect(report.topTen.map(({ configId }) => configId)).toEqual(result.bestConfigIds);
    expect(report).toMatchObject({
      symbol: 'SPX',
      interval: '1d',
      strategy: 'sma-crossover',
      search: { searchStrategy: 'grid', seed: null, rankedBy: 'sharpe', barsPerYear: 252 },
      counts: { configs: 174, bars: 5105 },
      prices: {
        from: '2000-01-03',
        to: '2020-04-17',
        firstClose: 1455.219971,
        lastClose: 2874.560059,
        // The lows and highs of these years' closes: 2009-03-09 and 2020-02-19.
        lowestClose: 676.530029,
        highestClose: 3386.149902,
      },
    });
    // (2874.560059 / 1455.219971) ^ (252 / 5104) - 1
    expect(report.buyAndHold['cagr']).toBeCloseTo(1.975344 ** (252 / 5104) - 1, 6);
  });

  it('gives the same bytes every time', () => {
    expect(searchDirectly(payload)).toEqual(result);
  });

  it('ranks drawdowns from the smallest on', () => {
    const { rows, bestConfigIds } = searchDirectly({ ...payload, metrics: ['maxDrawdown'] });
    const smallest = Math.min(...rows.map(({ metrics }) => metrics['maxDrawdown'] as number));
    const best = rows.find(({ configId }) => configId === bestConfigIds[0]);
    expect(best?.metrics).toEqual({ maxDrawdown: smallest });
  });
});
