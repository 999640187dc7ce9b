import { at } from '../backtest/series';
import { type ParameterRule, type Strategy, parameter, periodRule } from './strategy';

function levelRule(name: string, alias: string, defaultValue: number): ParameterRule {
  return { name, aliases: [alias], integer: false, min: 0, max: 100, defaultValue };
}

/**
 * Bets that what fell too far comes back: buys when the RSI is at or below `oversold`, holds until it is at or
 * above `overbought`. `low` and `high` are other names of the two levels.
 */
export const rsiReversal: Strategy = {
  parameters: [
    // Below two bars an RSI knows nothing but 0 and 100.
    periodRule('period', 14, 2),
    levelRule('oversold', 'low', 30),
    levelRule('overbought', 'high', 70),
  ],
  constraint: 'oversold must be less than overbought',
  accepts: (values) => parameter(values, 'oversold') < parameter(values, 'overbought'),
  positions(values, indicators) {
    const rsi = indicators.rsi(parameter(values, 'period'));
    const oversold = parameter(values, 'oversold');
    const overbought = parameter(values, 'overbought');
    const positions = new Uint8Array(rsi.length);
    let isLong = 0;
    for (let bar = 0; bar < positions.length; bar++) {
      if (at(rsi, bar) <= oversold) isLong = 1;
      else if (at(rsi, bar) >= overbought) isLong = 0;
      positions[bar] = isLong;
    }
    return positions;
  },
};
