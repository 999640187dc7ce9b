import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { EventMetrics } from './event-metrics';
import { HttpMetrics } from './http-metrics';
import { LoadMetrics } from './load-metrics';
import { ProcessMetrics } from './process-metrics';
import { StateMetrics } from './state-metrics';
import { WebhookMetrics } from './webhook-metrics';

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
    webhooks: WebhookMetrics,
  ) {
    const groups = [state, events, webhooks, http, load, processes];
    for (const group of groups) group.register(this.registry);
  }

  /** Simultaneous scrapes share one answer. */
  text(): Promise<string> {
    this.scraping ??= this.registry.metrics().finally(() => {
      this.scraping = null;
    });
    return this.scraping;
  }
}
