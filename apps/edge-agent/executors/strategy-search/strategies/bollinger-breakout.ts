import { at } from '../backtest/series';
import { type Strategy, parameter, periodRule } from './strategy';

/** Follows a breakout: buys a close above the upper band, holds until a close below the middle line. */
export const bollingerBreakout: Strategy = {
  parameters: [
    periodRule('period', 20, 2),
    { name: 'deviations', aliases: [], integer: false, min: 0.01, max: 20, defaultValue: 2 },
  ],
  constraint: 'any period and deviations do',
  accepts: () => true,
  positions(values, indicators) {
    const { middle, deviation } = indicators.bands(parameter(values, 'period'));
    const deviations = parameter(values, 'deviations');
    const positions = new Uint8Array(middle.length);
    let isLong = 0;
    for (let bar = 0; bar < positions.length; bar++) {
      const close = at(indicators.closes, bar);
      if (close > at(middle, bar) + deviations * at(deviation, bar)) isLong = 1;
      else if (close < at(middle, bar)) isLong = 0;
      positions[bar] = isLong;
    }
    return positions;
  },
};
