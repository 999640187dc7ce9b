import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@foreman/database';
import { AttemptEntity } from './attempt.entity';
import { EventEntity } from './event.entity';
import { JobChanges } from './job-changes';
import { JobEntity } from './job.entity';
import { JobEventLog } from './job-event-log';
import { JobEvents } from './job-events';
import { JobLifecycle } from './job-lifecycle';
import { JobQueries } from './job-queries';
import { JobSubmission } from './job-submission';
import { JobViews } from './job-views';
import { JOBS_OPTIONS, jobsOptions, type JobsOptions } from './jobs.options';
import { LeaseFence } from './lease-fence';
import { JobPayloadEntity, TaskPayloadEntity } from './payload.entity';
import { PausedQueues } from './paused-queues';
import { Payloads } from './payloads';
import { QueueEntity } from './queue.entity';
import { Queues } from './queues';
import { TaskAdvance } from './task-advance';
import { TaskAvailability } from './task-availability';
import { TaskDeadlines } from './task-deadlines';
import { TaskEntity } from './task.entity';
import { TaskLifecycle } from './task-lifecycle';

const ENTITIES = [
  JobEntity,
  JobPayloadEntity,
  TaskEntity,
  TaskPayloadEntity,
  AttemptEntity,
  EventEntity,
  QueueEntity,
];

const SERVICES = [
  JobChanges,
  JobEventLog,
  JobEvents,
  JobLifecycle,
  JobQueries,
  JobSubmission,
  JobViews,
  LeaseFence,
  PausedQueues,
  Payloads,
  Queues,
  TaskAdvance,
  TaskAvailability,
  TaskDeadlines,
  TaskLifecycle,
];

/** Jobs, tasks, attempts, events: the state machine and its fence. No routes, no timers. */
@Module({})
export class JobsModule {
  static forRoot(options: JobsOptions = {}): DynamicModule {
    return {
      module: JobsModule,
      global: true,
      imports: [DatabaseModule.forFeature(ENTITIES)],
      providers: [{ provide: JOBS_OPTIONS, useValue: jobsOptions(options) }, ...SERVICES],
      exports: SERVICES,
    };
  }
}
