import type { IndicatorCache } from '../backtest/indicator-cache';

/** One value for each of a strategy's parameters. */
export type ParameterValues = Readonly<Record<string, number>>;

export interface ParameterRule {
  readonly name: string;
  /** Other names that a payload may use; rows always use `name`. */
  readonly aliases: readonly string[];
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  /** Null: the payload must give it. */
  readonly defaultValue: number | null;
}

/** A rule for being long or flat. */
export interface Strategy {
  /** In the order in which a grid nests them, the last one turning fastest. */
  readonly parameters: readonly ParameterRule[];
  /** What `accepts` wants, for the message when no combination is acceptable. */
  readonly constraint: string;
  /** Whether the values make sense together; a search passes over those that do not, and counts them nowhere. */
  accepts(values: ParameterValues): boolean;
  /** For each bar 1 (long) or 0 (flat), decided on that bar's close from it and earlier bars alone. */
  positions(values: ParameterValues, indicators: IndicatorCache): Uint8Array;
}

/** A parameter that the strategy declares. @throws Error if it does not: a mistake in the strategy */
export function parameter(values: ParameterValues, name: string): number {
  const value = values[name];
  if (value === undefined) throw new Error(`The strategy declares no parameter ${name}`);
  return value;
}

const LONGEST_PERIOD = 100_000;

/** The rule of a look-back in bars. */
export function periodRule(name: string, defaultValue: number | null, min = 1): ParameterRule {
  return { name, aliases: [], integer: true, min, max: LONGEST_PERIOD, defaultValue };
}
