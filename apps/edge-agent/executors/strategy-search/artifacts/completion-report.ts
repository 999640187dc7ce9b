import { pickMetrics } from '../backtest/metrics';
import type { BarTime } from '../request/price-bars';
import { rowConfig } from '../search/config-id';
import type { RankedRun, SearchFindings } from '../search/strategy-search';
import { equityRowStride } from './equity-csv';

type ReportedMetrics = Record<string, number | null>;

export interface ReportedConfig {
  readonly configId: string;
  /** As in the result row. */
  readonly config: Readonly<Record<string, string | number>>;
  readonly metrics: ReportedMetrics;
}

/** The `completion` artifact: what a reader wants to know without opening any other. */
export interface CompletionReport {
  readonly symbol: string;
  readonly interval: string;
  readonly strategy: string;
  readonly search: {
    readonly searchStrategy: string;
    /** Null for a grid, which draws nothing. */
    readonly seed: number | null;
    readonly rankedBy: string;
    readonly feeRate: number;
    readonly barsPerYear: number;
  };
  readonly best: ReportedConfig;
  /** Best first, `best` included. */
  readonly topTen: readonly ReportedConfig[];
  readonly buyAndHold: ReportedMetrics;
  readonly counts: { readonly configs: number; readonly bars: number };
  readonly prices: {
    readonly from: BarTime;
    readonly to: BarTime;
    readonly firstClose: number;
    readonly lastClose: number;
    readonly lowestClose: number;
    readonly highestClose: number;
  };
  /** Rows of equity.csv are this many bars apart. */
  readonly equityCsvBarStride: number;
}

/** Reports the metrics that the payload asked for, of the best configs and of buy and hold. */
export function completionReport(findings: SearchFindings): CompletionReport {
  const { request, best, buyAndHold, configCount } = findings;
  const { times, closes } = request.prices;
  const topTen = best.map((one) => reported(one, findings));
  return {
    symbol: request.symbol,
    interval: request.interval,
    strategy: request.strategy,
    search: {
      searchStrategy: request.searchStrategy,
      seed: request.searchStrategy === 'random' ? request.seed : null,
      rankedBy: request.rankBy,
      feeRate: request.feeRate,
      barsPerYear: request.barsPerYear,
    },
    best: reported(best[0], findings),
    topTen,
    buyAndHold: pickMetrics(buyAndHold.metrics, request.metrics),
    counts: { configs: configCount, bars: closes.length },
    prices: {
      from: times[0] as BarTime,
      to: times.at(-1) as BarTime,
      firstClose: closes[0] as number,
      lastClose: closes.at(-1) as number,
      lowestClose: closes.reduce((low, close) => Math.min(low, close)),
      highestClose: closes.reduce((high, close) => Math.max(high, close)),
    },
    equityCsvBarStride: equityRowStride(closes.length),
  };
}

function reported(
  { configId, values, metrics }: RankedRun,
  { request }: SearchFindings,
): ReportedConfig {
  return {
    configId,
    config: rowConfig(request.strategy, values),
    metrics: pickMetrics(metrics, request.metrics),
  };
}
