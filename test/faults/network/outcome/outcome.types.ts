import type { JobStatus, TaskStatus } from '@foreman/client';
import type { FaultTask } from '../work/fault-job';

/** What became of one task, read from outside and from the database file. */
export interface TaskOutcome {
  readonly taskId: string;
  readonly expected: FaultTask;
  readonly status: TaskStatus;
  /** By number. */
  readonly attempts: readonly AttemptOutcome[];
  /** The types of its events, in their order. */
  readonly history: readonly string[];
  /** As `GET /jobs/:id/results` gives them. */
  readonly rows: readonly RowOutcome[];
  /** SHA-256 of the bytes that were downloaded; null: there is no such artifact. */
  readonly artifactSha256: string | null;
}

export interface AttemptOutcome {
  readonly number: number;
  readonly leaseToken: string;
  readonly outcome: string | null;
  /** Epoch ms. */
  readonly leasedAt: number;
  readonly endedAt: number | null;
}

export interface RowOutcome {
  readonly configId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

export interface JobOutcome {
  readonly jobId: string;
  readonly status: JobStatus;
  readonly completedEvents: number;
  /** The names of all that is published, sorted. */
  readonly artifactNames: readonly string[];
  readonly tasks: readonly TaskOutcome[];
}

export interface Outcome {
  /** Those that were submitted, by the id that the submission answered. */
  readonly jobs: readonly JobOutcome[];
  /** Every job that the gateway has, by its list. */
  readonly listedJobIds: readonly string[];
  /** All rows of the table that count or could. */
  readonly storedRowCount: number;
}
