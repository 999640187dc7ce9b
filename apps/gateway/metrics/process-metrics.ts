import { Injectable } from '@nestjs/common';
import { type Registry, collectDefaultMetrics } from 'prom-client';
import type { MetricGroup } from './metric-group';

/** These list every handle and request of the process at each scrape: with ten thousand connections that is felt. */
const COSTLY = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
];

/** Memory, CPU, the event loop and garbage collection, under the names that Node's programs have in common. */
@Injectable()
export class ProcessMetrics implements MetricGroup {
  register(registry: Registry): void {
    collectDefaultMetrics({ register: registry });
    for (const name of COSTLY) registry.removeSingleMetric(name);
  }
}
