import { bollingerBreakout } from './bollinger-breakout';
import { movingAverageCrossover } from './moving-average-crossover';
import { rsiReversal } from './rsi-reversal';
import type { Strategy } from './strategy';

export const STRATEGY_NAMES = [
  'sma-crossover',
  'ema-crossover',
  'rsi-reversal',
  'bollinger-breakout',
] as const;

export type StrategyName = (typeof STRATEGY_NAMES)[number];

export const STRATEGIES: Readonly<Record<StrategyName, Strategy>> = {
  'sma-crossover': movingAverageCrossover((indicators, period) => indicators.sma(period)),
  'ema-crossover': movingAverageCrossover((indicators, period) => indicators.ema(period)),
  'rsi-reversal': rsiReversal,
  'bollinger-breakout': bollingerBreakout,
};
