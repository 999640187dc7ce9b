import { Clock } from '@foreman/kernel';
import { Module } from '@nestjs/common';
import { EdgeController, EnrolmentController } from './edge.controller';
import { EventLoopLoad, GatewayLoad } from './gateway-load';
import { HeartbeatInterval } from './heartbeat-interval';
import { LeasesController } from './leases.controller';
import { ReleaseOffers } from './release-offers';
import { TaskArtifactsController } from './task-artifacts.controller';
import { TaskInputsController } from './task-inputs.controller';
import { TaskResultIdsController } from './task-result-ids.controller';
import { TaskResultsController } from './task-results.controller';
import { TasksController } from './tasks.controller';
import { UploadUrlController } from './upload-url.controller';

/** `/internal/edges`: for edges. */
@Module({
  controllers: [
    EnrolmentController,
    EdgeController,
    LeasesController,
    TasksController,
    TaskResultsController,
    TaskResultIdsController,
    TaskArtifactsController,
    TaskInputsController,
    UploadUrlController,
  ],
  providers: [
    {
      provide: GatewayLoad,
      useFactory: (clock: Clock) => new EventLoopLoad(clock),
      inject: [Clock],
    },
    HeartbeatInterval,
    ReleaseOffers,
  ],
})
export class EdgeApiModule {}
