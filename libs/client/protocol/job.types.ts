import type { ArtifactObject, NamedInput } from './artifact.types';
import type {
  CodedError,
  JobEventType,
  JobStatus,
  Progress,
  Summary,
  TaskStatus,
} from './state.types';

export interface JobRequest {
  readonly kind: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** 1..1000; without it the job has one task with the job's payload. */
  readonly tasks?: readonly TaskRequest[];
  /** Uploaded before (`uploadInput`); every task gets them. */
  readonly inputs?: readonly NamedInput[];
  readonly queue?: string;
  /** -100..100, higher first. */
  readonly priority?: number;
  /** ISO 8601; not leased before. */
  readonly runAt?: string;
  readonly startBySeconds?: number;
  readonly assignTo?: string;
  readonly requires?: Readonly<Record<string, string>>;
  readonly maxAttempts?: number;
  /** 5..3600. */
  readonly leaseSeconds?: number;
  /** One attempt's longest run. */
  readonly timeoutSeconds?: number | null;
  /** A task has stalled when its counters stood still, and no new row came, for so long; without it: never. */
  readonly stallSeconds?: number | null;
  /** Whether a stall fails the attempt with `task.stalled`, or is only shown (the default). */
  readonly onStall?: 'mark' | 'fail';
  /** Counted from its finalizing. */
  readonly ttlSeconds?: number;
  readonly webhook?: WebhookTarget;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly onTaskFailure?: 'fail' | 'continue';
}

export interface TaskRequest {
  /** Laid over the job's payload, shallowly. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** An edge's id or name. */
  readonly assignTo?: string;
  readonly requires?: Readonly<Record<string, string>>;
  /** Besides the job's; one of the same name takes the place of that one. */
  readonly inputs?: readonly NamedInput[];
}

export interface WebhookTarget {
  readonly url: string;
  /** `whsec_<base64 of 24..64 bytes>`; without one the gateway makes one and shows it in this answer only. */
  readonly secret?: string;
  readonly events?: readonly JobEventType[];
  /** Artifacts' URLs in its bodies work without a bearer token, for 3.5 to 7 days. */
  readonly signedUrls?: boolean;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly queue: string;
  readonly status: JobStatus;
  readonly priority: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly progress: Progress;
  readonly summary: Summary | null;
  readonly error: CodedError | null;
  readonly artifacts: readonly ArtifactObject[];
  readonly taskCounts: Readonly<Record<TaskStatus, number>>;
  /** Of the leased tasks, those that are alive and do not advance. */
  readonly stalledTasks: number;
  /** Of a job of one task, as its edge sent it; `<resultFolder>.` may begin the names of a set of artifacts. */
  readonly resultFolder: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finalizedAt: string | null;
  readonly expiresAt: string | null;
  readonly links: Readonly<Record<string, string>>;
}

/** The answer to a submission: the only one that shows a webhook secret that the gateway made. */
export interface SubmittedJob extends Job {
  readonly webhook?: { readonly url: string; readonly secret: string };
}

export interface JobFilter {
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly queue?: string;
  readonly edge?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
}

export interface Explanation {
  readonly status: JobStatus;
  readonly reasons: readonly { readonly code: string; readonly detail: string }[];
}
