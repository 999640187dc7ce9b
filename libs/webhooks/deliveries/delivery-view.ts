import { isoTime, isoTimeOrNull } from '@foreman/kernel';
import { urlWithoutQuery } from '../endpoints/url-without-query';
import type { DeliveryAttemptEntity } from '../entities/delivery-attempt.entity';
import type { DeliveryEntity, DeliveryStatus } from '../entities/delivery.entity';
import type { ErrorClass } from '../posting/post-outcome';

export interface DeliveryAttemptView {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly statusCode: number | null;
  readonly error: { readonly class: ErrorClass; readonly detail: string } | null;
  /** What was connected to. */
  readonly address: string | null;
  readonly responseExcerpt: string | null;
}

/** A delivery as it is shown to services and operators. */
export interface DeliveryView {
  readonly id: string;
  /** The `webhook-id` that its receiver sees. */
  readonly eventId: string;
  readonly type: string;
  readonly jobId: string;
  readonly run: number;
  readonly seq: number;
  readonly endpointId: string;
  /** Without its query, where receivers keep tokens; of a standing endpoint services see the origin only. */
  readonly url: string;
  readonly status: DeliveryStatus;
  readonly attemptCount: number;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** The latest of `attemptCount`. */
  readonly attempts: DeliveryAttemptView[];
}

/** What the message and the endpoint add to a delivery. */
export interface DeliveryContext {
  readonly type: string;
  readonly run: number;
  readonly seq: number;
  readonly url: string;
}

export function deliveryView(
  delivery: DeliveryEntity,
  context: DeliveryContext,
  attempts: readonly DeliveryAttemptEntity[],
): DeliveryView {
  return {
    id: delivery.id,
    eventId: delivery.eventId,
    type: context.type,
    jobId: delivery.jobId,
    run: Number(context.run),
    seq: Number(context.seq),
    endpointId: delivery.endpointId,
    url: urlWithoutQuery(context.url),
    status: delivery.status,
    attemptCount: delivery.attemptCount,
    nextAttemptAt: isoTimeOrNull(delivery.nextAttemptAt),
    createdAt: isoTime(delivery.createdAt),
    finishedAt: isoTimeOrNull(delivery.finishedAt),
    attempts: attempts.map((attempt) => attemptView(attempt)),
  };
}

function attemptView(attempt: DeliveryAttemptEntity): DeliveryAttemptView {
  return {
    number: attempt.number,
    startedAt: isoTime(attempt.startedAt),
    durationMs: attempt.durationMs,
    statusCode: attempt.statusCode,
    error:
      attempt.errorClass === null
        ? null
        : { class: attempt.errorClass, detail: attempt.errorDetail ?? '' },
    address: attempt.address,
    responseExcerpt: attempt.responseExcerpt,
  };
}

/**
 * What a service gets to know of a delivery to a standing endpoint, which is an administrator's: the path of its URL may be
 * a token, and its answers and addresses tell of a network that is not the service's.
 */
export function viewForServices(view: DeliveryView): DeliveryView {
  return {
    ...view,
    url: new URL(view.url).origin,
    attempts: view.attempts.map((attempt) => ({
      ...attempt,
      error: attempt.error && { class: attempt.error.class, detail: 'told to administrators' },
      address: null,
      responseExcerpt: null,
    })),
  };
}
