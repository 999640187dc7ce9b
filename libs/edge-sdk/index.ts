export { TaskFailure } from './executor';
export type { Completion, Executor, ProgressReport, TaskArtifact, TaskContext } from './executor';
export type { ArtifactObject, LeasedTask, ResultRow, ResumePoint } from './protocol.types';
