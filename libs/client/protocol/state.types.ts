export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
export type TaskStatus = 'queued' | 'leased' | 'completed' | 'failed' | 'cancelled';
export type JobEventType = 'job.started' | 'job.completed' | 'job.failed' | 'job.cancelled';

export interface Progress {
  readonly processed: number;
  readonly total: number | null;
  readonly status: string | null;
  /** Units a second, smoothed over a minute; null while it does not run, or cannot be told. */
  readonly ratePerSecond: number | null;
  /** Whole seconds until all is done; null when it cannot be told. */
  readonly etaSeconds: number | null;
}

export interface Summary {
  readonly bestConfigIds: readonly string[];
  readonly processedCount: number | null;
  readonly totalCount: number | null;
}

export interface CodedError {
  readonly code: string;
  readonly message: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}
