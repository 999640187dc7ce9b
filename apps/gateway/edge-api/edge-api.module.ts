import { Module } from '@nestjs/common';
import { EdgeController, EnrolmentController } from './edge.controller';
import { LeasesController } from './leases.controller';
import { TaskArtifactsController } from './task-artifacts.controller';
import { TaskResultsController } from './task-results.controller';
import { TasksController } from './tasks.controller';

/** `/internal/edges`: for edges. */
@Module({
  controllers: [
    EnrolmentController,
    EdgeController,
    LeasesController,
    TasksController,
    TaskResultsController,
    TaskArtifactsController,
  ],
})
export class EdgeApiModule {}
