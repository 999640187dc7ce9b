import { readSearchRequest } from '../request/search-request';
import { StrategySearch } from '../search/strategy-search';
import { sp500Bars } from '../test-prices/sp500-bars';
import { equityChart } from './equity-chart';

function chart(changes: Record<string, unknown>): string {
  const search = new StrategySearch(
    readSearchRequest({
      symbol: 'SPX',
      interval: '1d',
      searchStrategy: 'grid',
      strategy: 'sma-crossover',
      parameters: { fast: [10], slow: [180] },
      ...changes,
    }),
  );
  for (const _ of search.batches(100)) void _;
  return equityChart(search.findings());
}

describe('equityChart', () => {
  it('has a title, a legend with figures, and ticks that a reader understands', () => {
    const svg = chart({ prices: sp500Bars() });
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    expect(texts).toEqual(
      expect.arrayContaining([
        'SPX 1d: sma-crossover against buy and hold',
        'Best of 1 config by sharpe, grid search; 5,105 bars, 2000-01-03 to 2020-04-17',
        'fast 10, slow 180',
        'buy and hold',
        // 2874.560059 / 1455.219971 - 1
        expect.stringContaining('total return +97.5%'),
        'Growth of 1 (log scale)',
        'Drawdown',
        '1×',
        '2×',
        '−20%',
        '2010',
        '1.98×',
      ]),
    );
    expect(svg).not.toContain('NaN');
    expect(svg.match(/<polyline/g)).toHaveLength(4);
  });

  it('lets nothing of the payload become markup', () => {
    const svg = chart({ symbol: `"><script>alert('&')</script>\u0000\ud800`, prices: sp500Bars() });
    expect(svg).not.toContain('<script');
    expect(svg).toContain(
      '&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;\ufffd\ufffd',
    );
    expect(svg).not.toMatch(/href|<style|url\(/);
  });

  it.each([
    ['two bars', [1, 2]],
    ['a price that never moves', [5, 5, 5, 5]],
    ['a thousandfold rise', [1, 10, 100, 1000, 900]],
    ['ruin', [100, 50, 1e-9]],
  ])('draws %s', (_, closes) => {
    const prices = closes.map((close, bar) => ({ time: 1.6e12 + bar * 60_000, close }));
    const svg = chart({ parameters: { fast: [1], slow: [2] }, interval: '1m', prices });
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg.match(/<polyline/g)).toHaveLength(4);
  });

  it('stays small enough for a browser, however many bars there are', () => {
    const prices = Array.from({ length: 20_000 }, (_, bar) => ({
      time: 1e9 + bar * 60,
      close: 100 + Math.sin(bar / 50) * 20,
    }));
    expect(chart({ interval: '1m', prices }).length).toBeLessThan(200_000);
  });
});
