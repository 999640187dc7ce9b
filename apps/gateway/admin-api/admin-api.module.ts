import { Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys.controller';
import { ArtifactsScrubController } from './artifacts-scrub.controller';
import { DeliveriesController } from './deliveries.controller';
import { EdgesController } from './edges.controller';
import { EnrolmentsController } from './enrolments.controller';
import { LateWritesController } from './late-writes.controller';
import { PacedStats } from './paced-stats';
import { QueuesController } from './queues.controller';
import { ReleasesController } from './releases.controller';
import { RetentionController } from './retention.controller';
import { StatsController } from './stats.controller';
import { StatsReader } from './stats.reader';
import { WebhookEndpointUpkeepController } from './webhook-endpoint-upkeep.controller';
import { WebhookEndpointsController } from './webhook-endpoints.controller';
import { WebhookStatsReader } from './webhook-stats.reader';

/** `/admin`: for operators. */
@Module({
  controllers: [
    ApiKeysController,
    ArtifactsScrubController,
    DeliveriesController,
    EnrolmentsController,
    EdgesController,
    LateWritesController,
    QueuesController,
    ReleasesController,
    RetentionController,
    StatsController,
    WebhookEndpointUpkeepController,
    WebhookEndpointsController,
  ],
  providers: [PacedStats, WebhookStatsReader, StatsReader],
  exports: [PacedStats],
})
export class AdminApiModule {}
