import { type MetricName, type Metrics, compareByMetric } from '../backtest/metrics';
import type { ParameterValues } from '../strategies/strategy';

export interface EvaluatedConfig {
  readonly configId: string;
  readonly values: ParameterValues;
  readonly metrics: Metrics;
}

/** Keeps the best few of a stream, ranked by one metric, ties by configId: the same ones in whatever order they come. */
export class BestConfigs {
  private readonly kept: EvaluatedConfig[] = [];

  constructor(
    private readonly rankBy: MetricName,
    private readonly limit: number,
  ) {}

  offer(candidate: EvaluatedConfig): void {
    const place = this.kept.findIndex((one) => this.compare(candidate, one) < 0);
    this.kept.splice(place === -1 ? this.kept.length : place, 0, candidate);
    if (this.kept.length > this.limit) this.kept.pop();
  }

  /** Best first. */
  list(): readonly EvaluatedConfig[] {
    return this.kept;
  }

  private compare(a: EvaluatedConfig, b: EvaluatedConfig): number {
    return compareByMetric(this.rankBy, a.metrics, b.metrics) || (a.configId < b.configId ? -1 : 1);
  }
}
