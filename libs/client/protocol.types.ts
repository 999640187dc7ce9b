/**
 * The wire shapes of `/jobs` and of webhooks, as the contract states them. Only this file knows them:
 * it is the one to replace by types generated from docs/openapi.json.
 */

export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
export type TaskStatus = 'queued' | 'leased' | 'completed' | 'failed' | 'cancelled';
export type JobEventType = 'job.started' | 'job.completed' | 'job.failed' | 'job.cancelled';

export interface WebhookTarget {
  readonly url: string;
  /** `whsec_<base64 of 24..64 bytes>`; without one the gateway makes one and shows it in this answer only. */
  readonly secret?: string;
  readonly events?: readonly JobEventType[];
  /** Artifacts' URLs in its bodies work without a bearer token, for 3.5 to 7 days. */
  readonly signedUrls?: boolean;
}

/** An input under the name that the edge knows it by: 1..120 of `A-Z a-z 0-9 . _ -`, as artifacts have. */
export interface NamedInput {
  readonly name: string;
  readonly inputId: string;
}

/** Bytes that jobs can name, uploaded before. */
export interface Input {
  readonly id: string;
  readonly contentType: string;
  /** Stored bytes; before they have come, what was announced, or null. */
  readonly size: number | null;
  /** Lower-case hex; the same. */
  readonly sha256: string | null;
  readonly url: string;
  /** Whether a job names it: then it stays, whatever its time. */
  readonly inUse: boolean;
  readonly createdAt: string;
  /** Null: its bytes have not come yet, and no job can name it. */
  readonly storedAt: string | null;
  readonly expiresAt: string;
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

/** A URL that works without a bearer token until it expires: whoever has it can fetch what it names. */
export interface DownloadUrl {
  readonly url: string;
  readonly method: 'GET';
  /** ISO 8601. Earlier if the artifact goes, or other bytes take its place. */
  readonly expiresAt: string;
}

/** A named, typed blob of a job (seed 002): exactly one of `inline` and `url` is set. */
export interface ArtifactObject {
  readonly name: string;
  readonly content_type: string;
  /** Stored bytes. */
  readonly size: number;
  readonly inline: unknown;
  readonly url: string | null;
  /** Lower-case hex. */
  readonly sha256: string;
}

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

export interface CodedError {
  readonly code: string;
  readonly message: string;
}

export interface Attempt {
  readonly number: number;
  /** The edge's id. */
  readonly edge: string;
  readonly started: string;
  readonly ended: string | null;
  readonly outcome: string | null;
  readonly error: CodedError | null;
}

export interface Task {
  readonly id: string;
  readonly taskIndex: number;
  readonly status: TaskStatus;
  /** How many times it was leased. */
  readonly attempt: number;
  readonly edge: string | null;
  readonly leaseExpiresAt: string | null;
  /** Since when it counts as stalled. */
  readonly stalledAt: string | null;
  readonly availableAt: string;
  readonly progress: Progress;
  readonly counters: Readonly<Record<string, number>>;
  readonly resultCount: number;
  readonly resultFolder: string | null;
  readonly summary: Summary | null;
  readonly error: CodedError | null;
  readonly finalizedAt: string | null;
  readonly attempts: readonly Attempt[];
}

export interface Explanation {
  readonly status: JobStatus;
  readonly reasons: readonly { readonly code: string; readonly detail: string }[];
}

export interface ResultRow {
  readonly taskIndex: number;
  readonly configId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

export interface DeliveryAttempt {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly statusCode: number | null;
  readonly error: { readonly class: string; readonly detail: string } | null;
  readonly address: string | null;
  readonly responseExcerpt: string | null;
}

/** One event that is, or was, owed to one endpoint. */
export interface Delivery {
  readonly id: string;
  /** The `webhook-id` that the receiver saw. */
  readonly eventId: string;
  readonly jobId: string;
  readonly run: number;
  readonly seq: number;
  readonly endpointId: string;
  readonly url: string;
  readonly status: string;
  readonly attemptCount: number;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly attempts: readonly DeliveryAttempt[];
}

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

export interface JobFilter {
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly queue?: string;
  readonly edge?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
}

/** Which result rows, in which order, and what of them. */
export interface ResultQuery {
  /** A path like `metrics.sharpe`. */
  readonly sort?: string;
  /** `desc` if left out. */
  readonly order?: 'asc' | 'desc';
  /** Conditions that all have to be met: `metrics.trades >= 30`, `configId=fast=10`, `taskIndex=0`. */
  readonly where?: readonly string[];
  /** As `['configId', 'metrics.sharpe', 'config.fast']`: only these are there then. */
  readonly fields?: readonly string[];
}

/** The numbers of one metric, `true` being 1 and `false` 0. */
export interface MetricSummary {
  /** Rows that have a value. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** Exact; between two values linearly. */
  readonly quantiles: {
    readonly p05: number;
    readonly p25: number;
    readonly p75: number;
    readonly p95: number;
  };
}

export interface ResultSummary {
  /** Rows that meet the conditions. */
  readonly count: number;
  /** By name. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /** The job has more than 100 metrics: these are of the first 100 by name. */
  readonly metricsTruncated: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** A webhook's job: it has its artifacts beside it, and says which `run` it tells of and its event's place (`seq`). */
export interface JobInEvent extends Omit<Job, 'artifacts'> {
  readonly run: number;
  readonly seq: number;
}

export interface JobEvent {
  readonly type: JobEventType;
  readonly timestamp: string;
  readonly data: { readonly job: JobInEvent; readonly artifacts: readonly ArtifactObject[] };
}
