import { InvalidPayload } from './invalid-payload';
import { readSearchRequest } from './search-request';

const bars = [
  { time: '2020-01-01', close: 10 },
  { time: '2020-01-02', open: 10, high: 12, low: 9, close: 11, volume: 5 },
  { time: '2020-01-03', close: 12 },
];

const payload = (changes: Record<string, unknown> = {}) => ({
  symbol: 'SPX',
  interval: '1d',
  searchStrategy: 'grid',
  strategy: 'sma-crossover',
  parameters: { slow: [3, 4], fast: { min: 1, max: 2, step: 1 } },
  metrics: ['cagr', 'sharpe'],
  trials: { max: 5, seed: 9 },
  prices: bars,
  ...changes,
});

describe('readSearchRequest', () => {
  it('reads the contract fields', () => {
    const request = readSearchRequest(payload());
    expect(request).toMatchObject({
      symbol: 'SPX',
      interval: '1d',
      barsPerYear: 252,
      strategy: 'sma-crossover',
      searchStrategy: 'grid',
      metrics: ['cagr', 'sharpe'],
      rankBy: 'cagr',
      maxTrials: 5,
      seed: 9,
      feeRate: 0,
    });
    // The strategy's order, not the payload's.
    expect(request.parameters).toEqual([
      { name: 'fast', values: [1, 2] },
      { name: 'slow', values: [3, 4] },
    ]);
    expect(request.prices.times).toEqual(['2020-01-01', '2020-01-02', '2020-01-03']);
    expect([...request.prices.closes]).toEqual([10, 11, 12]);
  });

  it('fills in defaults: all metrics ranked by sharpe, bounded trials, a fixed seed', () => {
    const request = readSearchRequest(
      payload({ metrics: undefined, trials: undefined, strategy: 'rsi-reversal', parameters: {} }),
    );
    expect(request).toMatchObject({
      metrics: ['totalReturn', 'cagr', 'sharpe', 'maxDrawdown', 'winRate', 'trades'],
      rankBy: 'sharpe',
      maxTrials: 1000,
      seed: 1,
      parameters: [
        { name: 'period', values: [14] },
        { name: 'oversold', values: [30] },
        { name: 'overbought', values: [70] },
      ],
    });
    expect(readSearchRequest(payload({ metrics: [] })).rankBy).toBe('sharpe');
  });

  it('takes low and high for the levels of an RSI', () => {
    const changes = { strategy: 'rsi-reversal', parameters: { low: [20], high: [80] } };
    expect(readSearchRequest(payload(changes)).parameters).toEqual([
      { name: 'period', values: [14] },
      { name: 'oversold', values: [20] },
      { name: 'overbought', values: [80] },
    ]);
  });

  it.each([
    ['15m', (252 * 390) / 15],
    ['4h', (252 * 6.5) / 4],
    ['1D', 252],
    ['1w', 52],
    ['1mo', 12],
    ['3M', 4],
    ['1y', 1],
  ])('annualises %s bars by %d', (interval, barsPerYear) => {
    expect(readSearchRequest(payload({ interval })).barsPerYear).toBe(barsPerYear);
  });

  it('lets the payload say how many bars its market has in a year, and what a trade costs', () => {
    const trialSettings = { barsPerYear: 365, feeRate: 0.001 };
    expect(readSearchRequest(payload({ trialSettings }))).toMatchObject(trialSettings);
  });

  it('reads times as seconds, milliseconds or ISO 8601, and keeps them as given', () => {
    const times = [1577836800, 1577923200000, '2020-01-03T00:00', '2020-01-04T00:00:00.000Z'];
    const { prices } = readSearchRequest(
      payload({ prices: times.map((time) => ({ time, close: 1 })) }),
    );
    expect(prices.times).toEqual(times);
    expect([...prices.epochMs].map((ms) => new Date(ms).toISOString().slice(0, 10))).toEqual([
      '2020-01-01',
      '2020-01-02',
      '2020-01-03',
      '2020-01-04',
    ]);
  });

  const withBar = (bar: unknown) => ({ prices: [...bars, bar] });
  it.each([
    [{ symbol: '' }, 'payload.symbol', 'must be a string'],
    [{ interval: 'daily' }, 'payload.interval', 'such as "1d"'],
    [{ interval: '0d' }, 'payload.interval', 'such as "1d"'],
    [{ searchStrategy: 'genetic' }, 'payload.searchStrategy', 'must be one of grid, random'],
    [{ strategy: 'macd' }, 'payload.strategy', 'must be one of sma-crossover'],
    [{ strategy: 'constructor' }, 'payload.strategy', 'must be one of sma-crossover'],
    [{ parameters: { fast: [1] } }, 'payload.parameters.slow', 'is missing'],
    [{ parameters: { period: [1] } }, 'payload.parameters.period', 'takes fast, slow'],
    [
      { strategy: 'rsi-reversal', parameters: { low: [1], oversold: [1] } },
      'payload.parameters',
      'twice: oversold, low',
    ],
    [{ metrics: ['alpha'] }, 'payload.metrics[0]', 'must be one of totalReturn'],
    [{ metrics: 'sharpe' }, 'payload.metrics', 'must be an array'],
    [{ trials: { max: 0 } }, 'payload.trials.max', 'from 1 to 100000'],
    [{ trials: { max: 100_001 } }, 'payload.trials.max', 'from 1 to 100000'],
    [{ trials: { max: 1, seed: 0.5 } }, 'payload.trials.seed', 'must be a whole number'],
    [{ trialSettings: { feeRate: -1 } }, 'payload.trialSettings.feeRate', 'must be from 0'],
    [{ trialSettings: { barsPerYear: 0 } }, 'payload.trialSettings.barsPerYear', 'above 0'],
    [{ prices: undefined }, 'payload.prices', 'are missing'],
    [{ prices: bars.slice(0, 1) }, 'payload.prices', 'must be an array of 2 to'],
    [withBar({ time: '2020-01-04' }), 'payload.prices[3].close', 'must be a finite number'],
    [withBar({ time: '2020-01-04', close: '9' }), 'payload.prices[3].close', 'must be a finite'],
    [withBar({ time: '2020-01-04', close: 0 }), 'payload.prices[3].close', 'must be above zero'],
    [withBar({ time: '2020-01-03', close: 9 }), 'payload.prices[3].time', 'must be later'],
    [withBar({ time: 'Jan 4 2020', close: 9 }), 'payload.prices[3].time', 'must be an ISO 8601'],
    [withBar({ time: '2020-13-04', close: 9 }), 'payload.prices[3].time', 'must be an ISO 8601'],
    [withBar({ time: 1e300, close: 9 }), 'payload.prices[3].time', 'must be an ISO 8601'],
    [withBar({ time: true, close: 9 }), 'payload.prices[3].time', 'must be an ISO 8601'],
    [withBar(null), 'payload.prices[3]', 'must be an object'],
  ])('refuses %j', (changes, path, problem) => {
    const read = () => readSearchRequest(payload(changes));
    expect(read).toThrow(InvalidPayload);
    expect(read).toThrow(problem);
    expect(read).toThrow(expect.objectContaining({ path }));
  });

  it.each([null, undefined, [], 'text', 7])('refuses %j for a payload', (value) => {
    expect(() => readSearchRequest(value)).toThrow('payload must be an object');
  });
});
