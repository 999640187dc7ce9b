import { Module } from '@nestjs/common';
import { DownloadUrlController } from './download-url.controller';
import { InputsController } from './inputs.controller';
import { JobArtifactsController } from './job-artifacts.controller';
import { JobDeliveriesController } from './job-deliveries.controller';
import { EventPages } from './events/event-pages';
import { EventReaders } from './events/event-readers';
import { JobEventsController } from './job-events.controller';
import { JobIntake } from './job-intake';
import { JobPresenter } from './job-presenter';
import { JobResultsController } from './job-results.controller';
import { JobsController } from './jobs.controller';

/** `/jobs` and `/inputs`: for services. */
@Module({
  controllers: [
    JobsController,
    JobResultsController,
    JobArtifactsController,
    DownloadUrlController,
    JobDeliveriesController,
    JobEventsController,
    InputsController,
  ],
  providers: [EventPages, EventReaders, JobIntake, JobPresenter],
})
export class JobsApiModule {}
