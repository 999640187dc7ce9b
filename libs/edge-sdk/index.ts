/** What a program on an edge needs: the calls of the edge face, and a runtime that turns executors into an agent. */
export { EdgeAgent } from './edge-agent';
export {
  DEFAULT_CONCURRENCY,
  DEFAULT_GRACE_SECONDS,
  DEFAULT_WAIT_SECONDS,
} from './edge-agent.options';
export type { EdgeAgentOptions } from './edge-agent.options';
export { EdgeConnection } from './edge-connection';
export type { HeldTask, PollAnswer } from './edge-connection';
export { DEFAULT_OUTBOX_MAX_BYTES, LEAST_OUTBOX_BYTES, Outbox } from './outbox/outbox';
export type { OutboxOptions } from './outbox/outbox';
export { OutboxUnusable } from './outbox/outbox-file';
export type { LostLease } from './lost-lease';
export { TaskFailure } from './executor';
export type {
  Completion,
  Executor,
  ProgressReport,
  StoredMetrics,
  TaskArtifact,
  TaskContext,
} from './executor';
export { TaskStopped, TokenRefused } from './task-stop';
export type { StopCause } from './task-stop';
export { ReleaseFolder } from './release/release-folder';
export type { ReadyRelease } from './release/release-folder';
export { ReleaseWatch } from './release/release-watch';
export type { ReleaseWatchOptions } from './release/release-watch';
export type { AgentLog } from './agent-log';
export type {
  ArtifactObject,
  EnrolAnswer,
  EnrolRequest,
  LeasedTask,
  PollRequest,
  ResultRow,
  ResumePoint,
  StoredConfig,
  UploadUrl,
  UploadUrlRequest,
} from './protocol.types';
