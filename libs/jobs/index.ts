export { AttemptEntity } from './attempt.entity';
export { EventEntity } from './event.entity';
export { JobEntity } from './job.entity';
export { JobPayloadEntity, TaskPayloadEntity } from './payload.entity';
export { QueueEntity } from './queue.entity';
export { TaskEntity } from './task.entity';
export { JobChanges } from './job-changes';
export { JobEventLog } from './job-event-log';
export type { JobPosition, JobState, LoggedEvent } from './job-event-log';
export { JobEvents } from './job-events';
export type { JobEvent, JobEventHandler, JobEventType, TaskEventType } from './job-events';
export { JobViews } from './job-views';
export type { JobView, TaskCounts } from './job-views';
export { LeaseFence, taskNotFound } from './lease-fence';
export type { LeaseClaim } from './lease-fence';
export {
  claimGroupOf,
  demandSignature,
  forgetEmptyGroups,
  groupsOfQueue,
  hasLabels,
  openClaimGroups,
  queuedOfGroup,
} from './claim-groups';
export type { Demand, GroupPlace } from './claim-groups';
export {
  chargeQueue,
  claimHeads,
  claimHeadsStatement,
  dropEmptyGroups,
  groupOfClass,
} from './claim-heads';
export type { ClaimHead, Demander } from './claim-heads';
export { findJob, getJob, jobNotFound } from './job-lookup';
export { JOB_STATUSES, isFinalized } from './job-state';
export type { AttemptOutcome, JobStatus, OnStall, OnTaskFailure, TaskStatus } from './job-state';
export type { Summary } from './summary';
export { TaskDeadlines } from './task-deadlines';
export { TaskAdvance } from './task-advance';
export { TaskAvailability } from './task-availability';
export type { AvailableTask } from './task-availability';
export type { InputHolder, JobInputs } from './input-holder';
export type { JobCommand, NamedInput, TaskCommand } from './job-command';
export { checkJobCommand } from './job-command.check';
export { JobLifecycle } from './job-lifecycle';
export type { CompletionStep } from './job-lifecycle';
export { jobCursor, listJobs } from './job-list';
export type { JobFilter } from './job-list';
export { JobQueries } from './job-queries';
export type { TaskWithAttempts } from './job-queries';
export { JobSubmission, laneOf } from './job-submission';
export { JobsModule } from './jobs.module';
export type { JobsOptions } from './jobs.options';
export { PausedQueues } from './paused-queues';
export { Payloads } from './payloads';
export { Queues } from './queues';
export { TaskLifecycle } from './task-lifecycle';
export type { FailureResult, TaskFailure } from './task-lifecycle';
