import type { ResultRow } from '@foreman/edge-sdk';
import { type Backtest, buyAndHold, runBacktest } from '../backtest/backtest';
import { IndicatorCache } from '../backtest/indicator-cache';
import { type Metrics, measure, pickMetrics } from '../backtest/metrics';
import type { SearchRequest } from '../request/search-request';
import { STRATEGIES } from '../strategies/strategies';
import type { ParameterValues } from '../strategies/strategy';
import { BestConfigs, type RankedConfig } from './best-configs';
import { configIdOf, rowConfig } from './config-id';
import { planSearch } from './search-plan';

/** As many as the charts and tables of the artifacts show. */
const BEST_KEPT = 10;

/** A config with the whole of its run, for the artifacts. */
export interface RankedRun {
  readonly configId: string;
  readonly values: ParameterValues;
  readonly metrics: Metrics;
  readonly run: Backtest;
}

/** What a finished search knows. `best` is never empty: a plan has at least one config. */
export interface SearchFindings {
  readonly request: SearchRequest;
  readonly configCount: number;
  /** Best first, at most ten. */
  readonly best: readonly [RankedRun, ...RankedRun[]];
  readonly buyAndHold: { readonly run: Backtest; readonly metrics: Metrics };
}

/**
 * One search over one request: plan, then a backtest of each config. Pure and deterministic: the same request gives
 * the same rows in the same order, in a worker thread or not.
 */
export class StrategySearch {
  private readonly plan: readonly ParameterValues[];
  /** Those of the plan that have no row yet. */
  private readonly open: readonly ParameterValues[];
  private readonly indicators: IndicatorCache;
  private readonly best: BestConfigs;

  /**
   * @param evaluated the ranking metric by config id, of those that an earlier attempt has evaluated
   * @throws InvalidPayload if the request leaves nothing to try
   */
  constructor(
    private readonly request: SearchRequest,
    evaluated: ReadonlyMap<string, number | null> = new Map(),
  ) {
    this.plan = planSearch(request);
    this.indicators = new IndicatorCache(request.prices.closes);
    this.best = new BestConfigs(request.rankBy, BEST_KEPT);
    this.open = this.plan.filter((values) => !this.adopt(values, evaluated));
  }

  /** How many rows there will be. */
  get total(): number {
    return this.plan.length;
  }

  /** How many of them an earlier attempt has made. */
  get adopted(): number {
    return this.plan.length - this.open.length;
  }

  /** The best config so far. */
  get leader(): RankedConfig | undefined {
    return this.best.list()[0];
  }

  /** Evaluates as it is drawn from; the row of each config that has none yet, at most `size` a batch. */
  *batches(size: number): Generator<ResultRow[]> {
    for (let start = 0; start < this.open.length; start += size) {
      yield this.open.slice(start, start + size).map((values) => this.evaluate(values));
    }
  }

  /** To be called when all batches are drawn. The best runs are made again: cheaper than keeping every curve. */
  findings(): SearchFindings {
    const [first, ...rest] = this.best.list().map((one) => this.ranked(one));
    if (first === undefined) throw new Error('Nothing was evaluated yet');
    const hold = buyAndHold(this.request.prices.closes, this.request.feeRate);
    return {
      request: this.request,
      configCount: this.plan.length,
      best: [first, ...rest],
      buyAndHold: { run: hold, metrics: measure(hold, this.request.barsPerYear) },
    };
  }

  private adopt(values: ParameterValues, evaluated: ReadonlyMap<string, number | null>): boolean {
    const configId = configIdOf(this.request.strategy, values);
    const rank = evaluated.get(configId);
    if (rank === undefined) return false;
    this.best.offer({ configId, values, rank });
    return true;
  }

  private ranked({ configId, values }: RankedConfig): RankedRun {
    const run = this.run(values);
    return { configId, values, run, metrics: measure(run, this.request.barsPerYear) };
  }

  private evaluate(values: ParameterValues): ResultRow {
    const { strategy, barsPerYear, metrics: names } = this.request;
    const configId = configIdOf(strategy, values);
    const metrics = measure(this.run(values), barsPerYear);
    this.best.offer({ configId, values, rank: metrics[this.request.rankBy] });
    return { configId, config: rowConfig(strategy, values), metrics: pickMetrics(metrics, names) };
  }

  private run(values: ParameterValues): Backtest {
    const positions = STRATEGIES[this.request.strategy].positions(values, this.indicators);
    return runBacktest(this.indicators.closes, positions, this.request.feeRate);
  }
}
