import type { ArtifactObject } from './artifact.types';
import type { Job } from './job.types';
import type { JobEventType, JobStatus } from './state.types';

/** A webhook's job: it has its artifacts beside it, and says which `run` it tells of and its event's place (`seq`). */
export interface JobInEvent extends Omit<Job, 'artifacts'> {
  /** Grows with each retry of the job. */
  readonly run: number;
  /** Of two events of a job the one with the larger `seq` is newer. */
  readonly seq: number;
}

/** An artifact as a webhook tells of it. */
export interface ArtifactInEvent extends ArtifactObject {
  /**
   * ISO 8601: until then it can be fetched, unless somebody deletes the job; null: nothing ends it. Of a `url` that
   * works without a token, when that ends, if that is sooner.
   */
  readonly expires_at: string | null;
}

interface EventOf<Type extends JobEventType, Status extends JobStatus> {
  readonly type: Type;
  /** When it happened, ISO 8601; not when it was sent. */
  readonly timestamp: string;
  readonly data: {
    readonly job: JobInEvent & { readonly status: Status };
    /** `completion` first, then by name. */
    readonly artifacts: readonly ArtifactInEvent[];
  };
}

/** What a job has come to, frozen as it was then. */
export type JobEvent =
  | EventOf<'job.started', 'running'>
  | EventOf<'job.completed', 'completed'>
  | EventOf<'job.failed', 'failed'>
  | EventOf<'job.cancelled', 'cancelled'>;

/** An administrator tries a standing endpoint, or enables it: answer 2xx, and do nothing. */
export interface TestEvent {
  readonly type: 'webhook.test';
  readonly timestamp: string;
  readonly data: { readonly endpointId: string };
}

/** The body of any webhook, told apart by `type`. Later gateways may know more: answer 2xx to those, and ignore them. */
export type WebhookEvent = JobEvent | TestEvent;

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
  readonly type: string;
  readonly jobId: string;
  readonly run: number;
  readonly seq: number;
  readonly endpointId: string;
  readonly url: string;
  readonly status: string;
  /** All there were; `attempts` are the latest of them. */
  readonly attemptCount: number;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly attempts: readonly DeliveryAttempt[];
}
