export interface ResultRow {
  readonly taskIndex: number;
  readonly configId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Which result rows, in which order, and what of them. */
export interface ResultQuery {
  /** A path like `metrics.sharpe`. */
  readonly sort?: string;
  /** `desc` if left out. */
  readonly order?: 'asc' | 'desc';
  /** Conditions that all have to be met: `metrics.trades >= 30`, `configId=fast=10`, `taskIndex=0`. */
  readonly where?: readonly string[];
  /** As `['configId', 'metrics.sharpe', 'config.fast']`: only these are there then. */
  readonly fields?: readonly string[];
}

/** The numbers of one metric, `true` being 1 and `false` 0. */
export interface MetricSummary {
  /** Rows that have a value. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** Exact; between two values linearly. */
  readonly quantiles: {
    readonly p05: number;
    readonly p25: number;
    readonly p75: number;
    readonly p95: number;
  };
}

export interface ResultSummary {
  /** Rows that meet the conditions. */
  readonly count: number;
  /** By name. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /** The job has more than 100 metrics: these are of the first 100 by name. */
  readonly metricsTruncated: boolean;
}
