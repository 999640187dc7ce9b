import { type MetricName, compareByMetric } from '../backtest/metrics';
import type { ParameterValues } from '../strategies/strategy';

export interface RankedConfig {
  readonly configId: string;
  readonly values: ParameterValues;
  /** The metric that it is ranked by. */
  readonly rank: number | null;
}

/** Keeps the best few of a stream, ranked by one metric, ties by configId: the same ones in whatever order they come. */
export class BestConfigs {
  private readonly kept: RankedConfig[] = [];

  constructor(
    private readonly rankBy: MetricName,
    private readonly limit: number,
  ) {}

  offer(candidate: RankedConfig): void {
    const place = this.kept.findIndex((one) => this.compare(candidate, one) < 0);
    this.kept.splice(place === -1 ? this.kept.length : place, 0, candidate);
    if (this.kept.length > this.limit) this.kept.pop();
  }

  /** Best first. */
  list(): readonly RankedConfig[] {
    return this.kept;
  }

  private compare(a: RankedConfig, b: RankedConfig): number {
    return compareByMetric(this.rankBy, a.rank, b.rank) || (a.configId < b.configId ? -1 : 1);
  }
}
