import { Module } from '@nestjs/common';
import { StatsReader } from '../admin-api/stats.reader';
import { WebhookStatsReader } from '../admin-api/webhook-stats.reader';
import { EventMetrics } from './event-metrics';
import { HttpMetrics } from './http-metrics';
import { LoadMetrics } from './load-metrics';
import { MetricsController } from './metrics.controller';
import { MetricsRegistry } from './metrics-registry';
import { PacedStats } from './paced-stats';
import { ProcessMetrics } from './process-metrics';
import { StateMetrics } from './state-metrics';

/** `GET /metrics`. What is to be told of besides is one more `MetricGroup` in the registry. */
@Module({
  controllers: [MetricsController],
  providers: [
    EventMetrics,
    HttpMetrics,
    LoadMetrics,
    MetricsRegistry,
    PacedStats,
    ProcessMetrics,
    StateMetrics,
    StatsReader,
    WebhookStatsReader,
  ],
})
export class MetricsModule {}
