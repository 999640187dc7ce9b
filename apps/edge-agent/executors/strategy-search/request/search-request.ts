import { METRIC_NAMES, type MetricName } from '../backtest/metrics';
import { STRATEGIES, STRATEGY_NAMES, type StrategyName } from '../strategies/strategies';
import { barsPerYearOf } from './bar-interval';
import {
  type Fields,
  readChoice,
  readInteger,
  readNumber,
  readObject,
  readText,
} from './field-readers';
import { InvalidPayload } from './invalid-payload';
import { readParameterValues } from './parameter-values';
import { type PriceBars, readPriceBars } from './price-bars';

/** A checked payload. Plain data: it is cloned into the worker thread. */
export interface SearchRequest {
  readonly symbol: string;
  readonly interval: string;
  readonly barsPerYear: number;
  readonly strategy: StrategyName;
  readonly searchStrategy: 'grid' | 'random';
  /** In the strategy's own order of parameters, whatever order the payload had. */
  readonly parameters: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** What rows report, in the payload's order; the first one ranks. */
  readonly metrics: readonly MetricName[];
  readonly rankBy: MetricName;
  readonly maxTrials: number;
  readonly seed: number;
  /** Share of the equity paid at each entry and each exit. */
  readonly feeRate: number;
  readonly prices: PriceBars;
}

/** Enough for a first look, few enough for seconds. */
const DEFAULT_TRIALS = 1_000;
/** Bounds a task's rows; a larger search is split into tasks. */
const MAX_TRIALS = 100_000;
/** A random search without a seed must still give the same rows at every attempt. */
const DEFAULT_SEED = 1;
const MAX_FEE_RATE = 0.5;
const DEFAULT_RANKING: MetricName = 'sharpe';

/**
 * Checks a `strategy-search` payload (contract, section Jobs) and fills in its defaults. Besides the contract's
 * fields it reads `trialSettings: {feeRate?, barsPerYear?}`; it ignores fields that it does not know.
 * @throws InvalidPayload naming the field
 */
export function readSearchRequest(payload: unknown): SearchRequest {
  const fields = readObject(payload, 'payload');
  const strategy = readChoice(fields['strategy'], 'payload.strategy', STRATEGY_NAMES);
  const interval = readText(fields['interval'], 'payload.interval', 16);
  const trials = readObject(fields['trials'] ?? {}, 'payload.trials');
  const settings = readObject(fields['trialSettings'] ?? {}, 'payload.trialSettings');
  const metrics = readMetrics(fields['metrics']);
  return {
    symbol: readText(fields['symbol'], 'payload.symbol', 64),
    interval,
    barsPerYear: readBarsPerYear(settings['barsPerYear'], interval),
    strategy,
    searchStrategy: readChoice(fields['searchStrategy'], 'payload.searchStrategy', [
      'grid',
      'random',
    ]),
    parameters: readParameters(fields['parameters'], strategy),
    metrics: metrics ?? METRIC_NAMES,
    rankBy: metrics?.[0] ?? DEFAULT_RANKING,
    maxTrials: readInteger(trials['max'] ?? DEFAULT_TRIALS, 'payload.trials.max', 1, MAX_TRIALS),
    seed: readInteger(
      trials['seed'] ?? DEFAULT_SEED,
      'payload.trials.seed',
      Number.MIN_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    ),
    feeRate: readFeeRate(settings['feeRate']),
    prices: readPriceBars(fields['prices'], 'payload.prices'),
  };
}

function readMetrics(value: unknown): readonly MetricName[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) {
    throw new InvalidPayload('payload.metrics', 'must be an array of names');
  }
  const names = value.map((name: unknown, index) =>
    readChoice(name, `payload.metrics[${index}]`, METRIC_NAMES),
  );
  return names.length === 0 ? null : [...new Set(names)];
}

function readParameters(value: unknown, strategy: StrategyName): SearchRequest['parameters'] {
  const given = readObject(value ?? {}, 'payload.parameters');
  const rules = STRATEGIES[strategy].parameters;
  const known = rules.flatMap((rule) => [rule.name, ...rule.aliases]);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new InvalidPayload(
      `payload.parameters.${unknown.slice(0, 64)}`,
      `is no parameter of ${strategy}, which takes ${rules.map((rule) => rule.name).join(', ')}`,
    );
  }
  return rules.map((rule) => {
    const name = nameUsed(given, [rule.name, ...rule.aliases]);
    const path = `payload.parameters.${name ?? rule.name}`;
    if (name !== undefined) {
      return { name: rule.name, values: readParameterValues(given[name], rule, path) };
    }
    if (rule.defaultValue === null) throw new InvalidPayload(path, 'is missing');
    return { name: rule.name, values: [rule.defaultValue] };
  });
}

function nameUsed(given: Fields, names: readonly string[]): string | undefined {
  const used = names.filter((name) => given[name] !== undefined);
  if (used.length > 1) {
    throw new InvalidPayload('payload.parameters', `name the same thing twice: ${used.join(', ')}`);
  }
  return used[0];
}

function readFeeRate(value: unknown): number {
  const path = 'payload.trialSettings.feeRate';
  const rate = readNumber(value ?? 0, path);
  if (rate < 0 || rate > MAX_FEE_RATE) {
    throw new InvalidPayload(path, `must be from 0 to ${MAX_FEE_RATE}`);
  }
  return rate;
}

function readBarsPerYear(value: unknown, interval: string): number {
  const byInterval = barsPerYearOf(interval, 'payload.interval');
  if (value === undefined || value === null) return byInterval;
  const path = 'payload.trialSettings.barsPerYear';
  const given = readNumber(value, path);
  if (given <= 0 || given > 1e9) throw new InvalidPayload(path, 'must be above 0, at most 1e9');
  return given;
}
