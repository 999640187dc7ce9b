import type { JobStatus, Progress, TaskStatus } from './state.types';

/** `state`: what the job has come to. */
export interface JobStateData {
  readonly status: JobStatus;
  /** Grows with each retry of the job. */
  readonly run: number;
  /** Orders the job's states; the one that webhooks carry. */
  readonly seq: number;
  readonly at: string;
}

/** `task`: what happened to a task (`task.leased`, `task.requeued`, `task.stalled`, ...). */
export interface TaskEventData {
  readonly type: string;
  readonly taskId: string;
  readonly taskIndex: number;
  readonly run: number;
  readonly attempt: number;
  /** How the attempt ended, of a task that is queued again. */
  readonly outcome: string | null;
  /** Of a task that has failed. */
  readonly code: string | null;
  readonly at: string;
}

/** `artifact`: names that are visible from now on. */
export interface ArtifactEventData {
  readonly names: readonly string[];
  /** Whose they are; null for the job's own, and for those that were there when the reader came. */
  readonly taskIndex: number | null;
  /** True when this task has more than these. */
  readonly isCut: boolean;
}

/** `progress`: sums over the tasks. */
export interface ProgressData extends Progress {
  /** Rows that count. */
  readonly resultCount: number;
  readonly taskCounts: Readonly<Record<TaskStatus, number>>;
  readonly stalledTasks: number;
}

/** One of a job's live events. */
export type LiveEvent =
  | { readonly event: 'state'; readonly data: JobStateData }
  | { readonly event: 'task'; readonly data: TaskEventData }
  | { readonly event: 'artifact'; readonly data: ArtifactEventData }
  | { readonly event: 'progress'; readonly data: ProgressData }
  | { readonly event: 'gone'; readonly data: Readonly<Record<string, never>> };
