/**
 * The wire shapes of `/internal/edges`, as the contract states them. Only this file knows them:
 * it is the one to replace by types generated from docs/openapi.json.
 */

export type EdgeState = 'run' | 'drain' | 'stop';
export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

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

/** What a URL is asked for: it takes these bytes alone, for somebody who must not have the edge's token. */
export interface UploadUrlRequest {
  readonly contentType: string;
  /** Bytes: neither more nor less are taken. */
  readonly size: number;
  /** Hex. */
  readonly sha256?: string;
  /** 1..604800; an hour by default. It never outlives the lease. */
  readonly expiresSeconds?: number;
}

export interface UploadUrl {
  readonly url: string;
  readonly method: 'PUT';
  /** To be sent with the bytes. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: string;
}

/** What earlier attempts left behind; only for a poll that said `resume`. */
export interface ResumePoint {
  readonly resultCount: number;
  readonly processed: number;
  readonly total: number | null;
  readonly status: string | null;
}

/** A task as a lease hands it out. */
export interface LeasedTask {
  readonly taskId: string;
  readonly jobId: string;
  readonly taskIndex: number;
  readonly kind: string;
  readonly queue: string;
  readonly attempt: number;
  /** A fencing number: opens nothing without the edge's token, but is not logged. */
  readonly leaseToken: string;
  readonly leaseExpiresAt: string;
  readonly leaseSeconds: number;
  /** An attempt's longest run; null when it has no limit. */
  readonly timeoutSeconds: number | null;
  readonly heartbeatSeconds: number;
  readonly serverTime: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly inputs: readonly ArtifactObject[];
  readonly resume: ResumePoint | null;
}

/** A config whose row counts for the lease. */
export interface StoredConfig {
  readonly configId: string;
  /** Those of the metrics asked for that its row has. */
  readonly metrics?: Readonly<Record<string, number | boolean | null>>;
}

export interface EnrolRequest {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly agentVersion?: string;
  readonly platform?: string;
}

export interface EnrolAnswer {
  readonly edgeId: string;
  readonly token: string;
  readonly heartbeatSeconds: number;
}

export interface PollRequest {
  /** Narrows the kinds that the edge enrolled with. */
  readonly kinds?: readonly string[];
  /** 0..50: how long the gateway may hold the call open. */
  readonly waitSeconds?: number;
  /** Adopt the rows of earlier attempts. */
  readonly resume?: boolean;
  /** The same for tasks of these kinds only. */
  readonly resumeKinds?: readonly string[];
}

export interface TaskProgress {
  readonly started?: boolean;
  readonly processed?: number;
  readonly total?: number;
  /** At most 200 characters. */
  readonly status?: string;
  /** Grows from heartbeat to heartbeat of the lease; a late copy of an older one then puts nothing back. */
  readonly sequence?: number;
}

export interface TaskHeartbeat extends TaskProgress {
  readonly counters?: Readonly<Record<string, number>>;
}

export interface TaskHeartbeatAnswer {
  /** Null for a task that was cancelled: its lease is over. */
  readonly leaseExpiresAt: string | null;
  readonly action: 'continue' | 'cancel';
  readonly edge: EdgeState;
  readonly heartbeatSeconds: number;
  readonly serverTime: string;
  /** A `SignedRelease`, which is nothing before it is verified (`verifyRelease`). */
  readonly release?: unknown;
  /** Fields of the heartbeat that the gateway left out. */
  readonly ignored?: readonly string[];
}

export interface EdgeHeartbeat {
  readonly agentVersion?: string;
  readonly tasks: readonly (TaskProgress & { taskId: string; leaseToken: string })[];
}

export interface EdgeHeartbeatAnswer {
  readonly edge: EdgeState;
  readonly heartbeatSeconds: number;
  readonly serverTime: string;
  readonly release?: unknown;
  readonly tasks: readonly {
    taskId: string;
    action: 'continue' | 'cancel' | 'lost';
    leaseExpiresAt: string | null;
    /** Fields of its report that the gateway left out. */
    ignored?: readonly string[];
  }[];
}

/** One strategy config with its metrics; keyed by task and `configId`, so a repeat replaces. */
export interface ResultRow {
  readonly configId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

export interface ResultsAnswer {
  readonly received: number;
  /** This task's rows that count. */
  readonly stored: number;
}

export interface CompleteRequest {
  readonly bestConfigIds?: readonly string[];
  readonly processedCount?: number;
  readonly totalCount?: number;
  readonly resultCount?: number;
  readonly artifacts?: readonly (
    | { readonly name: string; readonly sha256: string }
    | { readonly name: string; readonly content_type: string; readonly inline: unknown }
  )[];
}

export interface CompleteAnswer {
  readonly taskId: string;
  readonly status: 'completed';
  readonly jobStatus: JobStatus;
  /** The next lease, when it was asked for and there was one. */
  readonly next: LeasedTask | null;
}

export interface FailRequest {
  readonly code: string;
  /** At most 2000 characters. */
  readonly message: string;
  readonly retryable?: boolean;
  readonly retryAfterSeconds?: number;
  /** Publish the staged artifacts (logs, say) if the failure is final. */
  readonly keepArtifacts?: boolean;
}

export interface FailAnswer {
  readonly taskId: string;
  readonly status: 'queued' | 'failed';
  readonly availableAt: string | null;
}

export interface ReleaseAnswer {
  readonly taskId: string;
  readonly status: 'queued';
}
