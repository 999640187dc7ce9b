import type { Registry } from 'prom-client';

/** Metrics that belong together. Each registers its own and reads their values when they are scraped. */
export interface MetricGroup {
  register(registry: Registry): void;
}
