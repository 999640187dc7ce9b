import type { JobRequest, TaskRequest } from '@foreman/client';
import type { DailyBar } from './sp500-prices';

/** A search of one strategy's parameters: what one task of the job is to do. */
interface Search {
  /** What the search is called on the screen. */
  readonly title: string;
  readonly searchStrategy: 'grid' | 'random';
  readonly strategy: string;
  readonly parameters: Readonly<Record<string, { min: number; max: number; step: number }>>;
  readonly trials: { readonly max: number; readonly seed?: number };
}

/** More than any of the grids below holds: a grid is tried whole. */
const WHOLE_GRID = 10_000;

/** Every strategy is searched on a grid, and at random in a space that no grid could cover. */
export const SEARCHES: readonly Search[] = [
  {
    title: 'SMA crossover, grid',
    searchStrategy: 'grid',
    strategy: 'sma-crossover',
    parameters: { fast: { min: 5, max: 60, step: 5 }, slow: { min: 20, max: 250, step: 5 } },
    trials: { max: WHOLE_GRID },
  },
  {
    title: 'EMA crossover, grid',
    searchStrategy: 'grid',
    strategy: 'ema-crossover',
    parameters: { fast: { min: 5, max: 60, step: 5 }, slow: { min: 20, max: 250, step: 5 } },
    trials: { max: WHOLE_GRID },
  },
  {
    title: 'RSI reversal, grid',
    searchStrategy: 'grid',
    strategy: 'rsi-reversal',
    parameters: {
      period: { min: 2, max: 22, step: 4 },
      oversold: { min: 15, max: 45, step: 5 },
      overbought: { min: 50, max: 85, step: 5 },
    },
    trials: { max: WHOLE_GRID },
  },
  {
    title: 'Bollinger breakout, grid',
    searchStrategy: 'grid',
    strategy: 'bollinger-breakout',
    parameters: {
      period: { min: 10, max: 200, step: 5 },
      deviations: { min: 0.25, max: 3, step: 0.25 },
    },
    trials: { max: WHOLE_GRID },
  },
  {
    title: 'SMA crossover, random',
    searchStrategy: 'random',
    strategy: 'sma-crossover',
    parameters: { fast: { min: 2, max: 120, step: 1 }, slow: { min: 10, max: 400, step: 1 } },
    trials: { max: 500, seed: 2000 },
  },
  {
    title: 'EMA crossover, random',
    searchStrategy: 'random',
    strategy: 'ema-crossover',
    parameters: { fast: { min: 2, max: 120, step: 1 }, slow: { min: 10, max: 400, step: 1 } },
    trials: { max: 500, seed: 2001 },
  },
  {
    title: 'RSI reversal, random',
    searchStrategy: 'random',
    strategy: 'rsi-reversal',
    parameters: {
      period: { min: 2, max: 30, step: 1 },
      oversold: { min: 5, max: 50, step: 1 },
      overbought: { min: 45, max: 95, step: 1 },
    },
    trials: { max: 500, seed: 2008 },
  },
  {
    title: 'Bollinger breakout, random',
    searchStrategy: 'random',
    strategy: 'bollinger-breakout',
    parameters: {
      period: { min: 5, max: 200, step: 5 },
      deviations: { min: 0.1, max: 4, step: 0.05 },
    },
    trials: { max: 500, seed: 2020 },
  },
];

/** What all searches share; the prices, the bulk of it, travel and are stored once. */
function sharedPayload(prices: readonly DailyBar[]) {
  return {
    symbol: 'S&P 500',
    interval: '1d',
    // Rows are ranked by the first one.
    metrics: ['sharpe', 'cagr', 'totalReturn', 'maxDrawdown', 'winRate', 'trades'],
    // Five basis points to get in and five to get out.
    trialSettings: { feeRate: 0.0005 },
    prices,
  };
}

/** The job of the demo: one `strategy-search` task for each of `SEARCHES`, over the same prices. */
export function strategyJob(prices: readonly DailyBar[]): JobRequest & {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly tasks: readonly TaskRequest[];
} {
  return {
    kind: 'strategy-search',
    payload: sharedPayload(prices),
    tasks: SEARCHES.map(({ searchStrategy, strategy, parameters, trials }) => ({
      payload: { searchStrategy, strategy, parameters, trials },
    })),
  };
}
