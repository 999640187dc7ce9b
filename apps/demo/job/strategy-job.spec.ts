import { readSearchRequest } from '../../edge-agent/executors/strategy-search/request/search-request';
import { planSearch } from '../../edge-agent/executors/strategy-search/search/search-plan';
import { sp500Prices } from './sp500-prices';
import { SEARCHES, strategyJob } from './strategy-job';

describe('the job of the demo', () => {
  const prices = sp500Prices();
  const job = strategyJob(prices);

  it('has the prices once, in the payload that its eight tasks share', () => {
    expect(prices).toHaveLength(5105);
    expect(prices.at(-1)).toEqual({
      time: '2020-04-17',
      open: 2842.429932,
      high: 2879.219971,
      low: 2830.879883,
      close: 2874.560059,
      volume: 5792140000,
    });
    expect(job.tasks).toHaveLength(8);
    expect(JSON.stringify(job).split('2842.429932')).toHaveLength(2);
  });

  it('is one that an edge can run, each task with some hundreds of configs', () => {
    const counts = job.tasks.map(
      ({ payload }) => planSearch(readSearchRequest({ ...job.payload, ...payload })).length,
    );
    // Grids: 12 * 47 pairs less those with fast >= slow; 6 * 7 * 8; 39 * 12. Random searches: their trials.
    expect(counts).toEqual([519, 519, 336, 468, 500, 500, 500, 500]);
    expect(SEARCHES.map(({ searchStrategy }) => searchStrategy)).toContain('random');
  });
});
