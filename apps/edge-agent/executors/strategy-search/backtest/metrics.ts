import type { Backtest } from './backtest';
import { type Series, at } from './series';

export const METRIC_NAMES = [
  'totalReturn',
  'cagr',
  'sharpe',
  'maxDrawdown',
  'winRate',
  'trades',
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

/** Null is 'undefined for this run'; never NaN or an infinity. */
export type Metrics = Readonly<Record<MetricName, number | null>>;

/**
 * The spread of returns that are equal on paper differs from zero by rounding (about 1e-16 a bar);
 * dividing by that would give a Sharpe ratio of millions.
 */
const SMALLEST_DEVIATION = 1e-12;

/**
 * - `totalReturn`: last equity - 1.
 * - `cagr`: equity ^ (barsPerYear / (bars - 1)) - 1.
 * - `sharpe`: mean / sample standard deviation of the returns of all bars but the first, flat ones included, times
 *   sqrt(barsPerYear); the risk-free rate is 0. Null when returns do not vary or there are fewer than two.
 * - `maxDrawdown`: the largest fall from a peak, as a share of the peak: 0.25 is a quarter lost. Lower is better.
 * - `winRate`: share of trades with a gain above zero; null without trades.
 * - `trades`: how many, one still open at the end included.
 */
export function measure(run: Backtest, barsPerYear: number): Metrics {
  const { equity, trades } = run;
  const last = at(equity, equity.length - 1);
  const wins = trades.filter((trade) => trade.gain > 0).length;
  return {
    totalReturn: finiteOrNull(last - 1),
    cagr: finiteOrNull(last ** (barsPerYear / (equity.length - 1)) - 1),
    sharpe: sharpeOf(equity, barsPerYear),
    maxDrawdown: finiteOrNull(maxDrawdownOf(equity)),
    winRate: trades.length === 0 ? null : wins / trades.length,
    trades: trades.length,
  };
}

/** Only the named ones, in that order. */
export function pickMetrics(
  metrics: Metrics,
  names: readonly MetricName[],
): Record<string, number | null> {
  return Object.fromEntries(names.map((name) => [name, metrics[name]]));
}

/** Negative if `x` ranks before `y`: the higher value does, for `maxDrawdown` the lower one; null ranks last. */
export function compareByMetric(name: MetricName, x: number | null, y: number | null): number {
  if (x === null || y === null) return Number(x === null) - Number(y === null);
  return name === 'maxDrawdown' ? x - y : y - x;
}

function sharpeOf(equity: Series, barsPerYear: number): number | null {
  const count = equity.length - 1;
  if (count < 2) return null;
  let sum = 0;
  for (let bar = 1; bar <= count; bar++) sum += returnAt(equity, bar);
  const mean = sum / count;
  let squares = 0;
  for (let bar = 1; bar <= count; bar++) squares += (returnAt(equity, bar) - mean) ** 2;
  const deviation = Math.sqrt(squares / (count - 1));
  if (deviation < SMALLEST_DEVIATION) return null;
  return finiteOrNull((mean / deviation) * Math.sqrt(barsPerYear));
}

function returnAt(equity: Series, bar: number): number {
  return at(equity, bar) / at(equity, bar - 1) - 1;
}

function maxDrawdownOf(equity: Series): number {
  let peak = 0;
  let worst = 0;
  for (const value of equity) {
    peak = Math.max(peak, value);
    worst = Math.max(worst, 1 - value / peak);
  }
  return worst;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
