import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { EventMetrics } from './event-metrics';
import { HttpMetrics } from './http-metrics';
import { LoadMetrics } from './load-metrics';
import { ProcessMetrics } from './process-metrics';
import { StateMetrics } from './state-metrics';

/** All metrics of this gateway. A registry of its own, not prom-client's global one: a process may hold several. */
@Injectable()
export class MetricsRegistry {
  private readonly registry = new Registry();
  private scraping: Promise<string> | null = null;

  constructor(
    events: EventMetrics,
    http: HttpMetrics,
    load: LoadMetrics,
    processes: ProcessMetrics,
    state: StateMetrics,
  ) {
    for (const group of [state, events, http, load, processes]) group.register(this.registry);
  }

  /** Simultaneous scrapes share one answer. */
  text(): Promise<string> {
    this.scraping ??= this.registry.metrics().finally(() => {
      this.scraping = null;
    });
    return this.scraping;
  }
}
