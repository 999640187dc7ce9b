import { Module } from '@nestjs/common';
import { JobArtifactsController } from './job-artifacts.controller';
import { JobDeliveriesController } from './job-deliveries.controller';
import { JobIntake } from './job-intake';
import { JobPresenter } from './job-presenter';
import { JobResultsController } from './job-results.controller';
import { JobsController } from './jobs.controller';

/** `/jobs`: for services. */
@Module({
  controllers: [
    JobsController,
    JobResultsController,
    JobArtifactsController,
    JobDeliveriesController,
  ],
  providers: [JobIntake, JobPresenter],
})
export class JobsApiModule {}
