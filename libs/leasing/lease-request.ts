import type { ArtifactObject } from '@foreman/artifacts';
import type { TaskEntity } from '@foreman/jobs';

/** An edge's wish for tasks. */
export interface LeaseRequest {
  /** Narrows the edge's enrolled kinds; absent: all of them. */
  readonly kinds?: readonly string[];
  /** How many at the most, 1..100. */
  readonly max: number;
  /** How long to wait for the first, in seconds, 0..50. */
  readonly waitSeconds: number;
  /** Adopt the rows of earlier attempts instead of starting without any. */
  readonly isResuming: boolean;
  /** The same for tasks of these kinds only. */
  readonly resumeKinds?: readonly string[];
  /** Makes the request repeatable; scoped to the edge and the path. */
  readonly idempotency: { readonly key: string; readonly path: string } | null;
  /** Aborted when the caller has gone: frees its place, takes no task. */
  readonly signal?: AbortSignal;
}

/** A task as its edge gets it: the row, its payload and inputs, and what can be resumed. */
export interface LeasedTask {
  readonly task: TaskEntity;
  readonly payload: Record<string, unknown>;
  readonly inputs: ArtifactObject[];
  /** The attempt's own token: a fencing number. */
  readonly leaseToken: string;
  readonly leaseExpiresAt: number;
  readonly resume: ResumePoint | null;
  /** Epoch ms at which this was said. */
  readonly serverTime: number;
}

export interface ResumePoint {
  readonly resultCount: number;
  readonly processed: number;
  readonly total: number | null;
  readonly status: string | null;
}

export interface LeaseAnswer {
  readonly items: LeasedTask[];
  /** Set when the edge is told not to ask again at once: it drains or stops. */
  readonly retryAfterSeconds: number | null;
}
