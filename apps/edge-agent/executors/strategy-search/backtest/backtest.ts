import { type Series, at } from './series';

/** One holding, from the close it was bought at to the close it was sold at. */
export interface Trade {
  readonly entryBar: number;
  readonly exitBar: number;
  /** After fees, as a share: 0.1 is a gain of a tenth. */
  readonly gain: number;
  /** Still held at the last bar: valued at its close, no exit fee. */
  readonly isOpen: boolean;
}

export interface Backtest {
  /** What 1 became, at each bar's close. Starts at 1. */
  readonly equity: Series;
  /** In order of time; the product of `1 + gain` over all of them is the last equity. */
  readonly trades: readonly Trade[];
}

/**
 * Runs long/flat positions over closes. The position decided on a bar's close earns the NEXT bar's return and no
 * part of its own bar's: there is no look-ahead. So the last bar's decision has no effect. Each change of position
 * costs `feeRate` of the equity, charged on the bar where it takes effect; the decision is filled at the close that
 * it was made on. Whole equity in or out; cash earns nothing.
 */
export function runBacktest(closes: Series, positions: Uint8Array, feeRate: number): Backtest {
  const equity = new Float64Array(closes.length);
  const trades: Trade[] = [];
  const kept = 1 - feeRate;
  let value = 1;
  let entryBar: number | null = null;
  equity[0] = 1;
  for (let bar = 1; bar < closes.length; bar++) {
    const decidedOn = bar - 1;
    const isLong = at(positions, decidedOn) === 1;
    if (isLong !== (entryBar !== null)) {
      value *= kept;
      if (entryBar === null) {
        entryBar = decidedOn;
      } else {
        trades.push(closedTrade(closes, entryBar, decidedOn, kept));
        entryBar = null;
      }
    }
    if (isLong) value *= at(closes, bar) / at(closes, decidedOn);
    equity[bar] = value;
  }
  if (entryBar !== null) {
    const exitBar = closes.length - 1;
    const gain = (kept * at(closes, exitBar)) / at(closes, entryBar) - 1;
    trades.push({ entryBar, exitBar, gain, isOpen: true });
  }
  return { equity, trades };
}

/** The yardstick: bought on the first close, never sold. */
export function buyAndHold(closes: Series, feeRate: number): Backtest {
  return runBacktest(closes, new Uint8Array(closes.length).fill(1), feeRate);
}

function closedTrade(closes: Series, entryBar: number, exitBar: number, kept: number): Trade {
  const gain = (kept * kept * at(closes, exitBar)) / at(closes, entryBar) - 1;
  return { entryBar, exitBar, gain, isOpen: false };
}
