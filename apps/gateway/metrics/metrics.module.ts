import { Module } from '@nestjs/common';
import { AdminApiModule } from '../admin-api/admin-api.module';
import { EventMetrics } from './event-metrics';
import { HttpMetrics } from './http-metrics';
import { LoadMetrics } from './load-metrics';
import { MetricsController } from './metrics.controller';
import { MetricsRegistry } from './metrics-registry';
import { ProcessMetrics } from './process-metrics';
import { StateMetrics } from './state-metrics';
import { WebhookMetrics } from './webhook-metrics';

/** `GET /metrics`. What is to be told of besides is one more `MetricGroup` in the registry. */
@Module({
  imports: [AdminApiModule],
  controllers: [MetricsController],
  providers: [
    EventMetrics,
    HttpMetrics,
    LoadMetrics,
    MetricsRegistry,
    ProcessMetrics,
    StateMetrics,
    WebhookMetrics,
  ],
})
export class MetricsModule {}
