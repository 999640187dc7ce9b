import type { ResultRow } from '@foreman/edge-sdk';
import { type Backtest, buyAndHold, runBacktest } from '../backtest/backtest';
import { IndicatorCache } from '../backtest/indicator-cache';
import { type Metrics, measure, pickMetrics } from '../backtest/metrics';
import type { SearchRequest } from '../request/search-request';
import { STRATEGIES } from '../strategies/strategies';
import type { ParameterValues } from '../strategies/strategy';
import { BestConfigs, type EvaluatedConfig } from './best-configs';
import { configIdOf, rowConfig } from './config-id';
import { planSearch } from './search-plan';

/** As many as the charts and tables of the artifacts show. */
const BEST_KEPT = 10;

/** A config with the whole of its run, for the artifacts. */
export interface RankedRun extends EvaluatedConfig {
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
  private readonly indicators: IndicatorCache;
  private readonly best: BestConfigs;

  /** @throws InvalidPayload if the request leaves nothing to try */
  constructor(private readonly request: SearchRequest) {
    this.plan = planSearch(request);
    this.indicators = new IndicatorCache(request.prices.closes);
    this.best = new BestConfigs(request.rankBy, BEST_KEPT);
  }

  /** How many rows there will be. */
  get total(): number {
    return this.plan.length;
  }

  /** The best config so far. */
  get leader(): EvaluatedConfig | undefined {
    return this.best.list()[0];
  }

  /** Evaluates as it is drawn from; each config's row once, at most `size` a batch. */
  *batches(size: number): Generator<ResultRow[]> {
    for (let start = 0; start < this.plan.length; start += size) {
      yield this.plan.slice(start, start + size).map((values) => this.evaluate(values));
    }
  }

  /** To be called when all batches are drawn. The best runs are made again: cheaper than keeping every curve. */
  findings(): SearchFindings {
    const [first, ...rest] = this.best.list().map((one) => ({ ...one, run: this.run(one.values) }));
    if (first === undefined) throw new Error('Nothing was evaluated yet');
    const hold = buyAndHold(this.request.prices.closes, this.request.feeRate);
    return {
      request: this.request,
      configCount: this.plan.length,
      best: [first, ...rest],
      buyAndHold: { run: hold, metrics: measure(hold, this.request.barsPerYear) },
    };
  }

  private evaluate(values: ParameterValues): ResultRow {
    const { strategy, barsPerYear, metrics: names } = this.request;
    const configId = configIdOf(strategy, values);
    const metrics = measure(this.run(values), barsPerYear);
    this.best.offer({ configId, values, metrics });
    return { configId, config: rowConfig(strategy, values), metrics: pickMetrics(metrics, names) };
  }

  private run(values: ParameterValues): Backtest {
    const positions = STRATEGIES[this.request.strategy].positions(values, this.indicators);
    return runBacktest(this.indicators.closes, positions, this.request.feeRate);
  }
}
