import type { IndicatorCache } from '../backtest/indicator-cache';
import { type Series, at } from '../backtest/series';
import { type Strategy, parameter, periodRule } from './strategy';

/** Long while the fast average is above the slow one. */
export function movingAverageCrossover(
  average: (indicators: IndicatorCache, period: number) => Series,
): Strategy {
  return {
    parameters: [periodRule('fast', null), periodRule('slow', null)],
    constraint: 'fast must be less than slow',
    accepts: (values) => parameter(values, 'fast') < parameter(values, 'slow'),
    positions(values, indicators) {
      const fast = average(indicators, parameter(values, 'fast'));
      const slow = average(indicators, parameter(values, 'slow'));
      const positions = new Uint8Array(fast.length);
      for (let bar = 0; bar < positions.length; bar++) {
        if (at(fast, bar) > at(slow, bar)) positions[bar] = 1;
      }
      return positions;
    },
  };
}
