import { isoTime, isoTimeOrNull } from '@foreman/kernel';
import type {
  EndpointEventType,
  WebhookEndpointEventEntity,
} from '../entities/endpoint-event.entity';
import type { DisabledReason, WebhookEndpointEntity } from '../entities/endpoint.entity';
import type { WebhookEventType } from '../webhook-event-type';
import { urlWithoutQuery } from './url-without-query';

/** `replaying`: enabled again, and what was kept for it goes out first. */
export const ENDPOINT_STATUSES = ['enabled', 'replaying', 'disabled'] as const;

export type EndpointStatus = (typeof ENDPOINT_STATUSES)[number];

/** A standing endpoint as operators see it: without its secret. */
export interface StandingEndpointView {
  readonly id: string;
  /** Without its query, where receivers keep tokens. */
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly kinds: readonly string[] | null;
  readonly inlineBudgetBytes: number | null;
  readonly signedUrls: boolean;
  readonly ratePerMinute: number | null;
  readonly status: EndpointStatus;
  readonly disabledAt: string | null;
  readonly disabledReason: DisabledReason | null;
  readonly failingSince: string | null;
  readonly previousSecretUntil: string | null;
  readonly createdAt: string;
}

/** Something that happened to it. */
export interface EndpointEventView {
  readonly type: EndpointEventType;
  readonly reason: string | null;
  readonly at: string;
}

/** `now` (epoch ms) tells whether a replaced secret still signs. */
export function standingEndpointView(
  endpoint: WebhookEndpointEntity,
  now: number,
): StandingEndpointView {
  const { previousSecretUntil } = endpoint;
  const isRotating = previousSecretUntil !== null && previousSecretUntil > now;
  return {
    id: endpoint.id,
    url: urlWithoutQuery(endpoint.url),
    events: endpoint.events,
    kinds: endpoint.kinds,
    inlineBudgetBytes: endpoint.inlineBudgetBytes,
    signedUrls: endpoint.hasSignedUrls,
    ratePerMinute: endpoint.ratePerMinute,
    status: statusOf(endpoint),
    disabledAt: isoTimeOrNull(endpoint.disabledAt),
    disabledReason: endpoint.disabledReason,
    failingSince: isoTimeOrNull(endpoint.failingSince),
    previousSecretUntil: isoTimeOrNull(isRotating ? previousSecretUntil : null),
    createdAt: isoTime(endpoint.createdAt),
  };
}

export function endpointEventView(event: WebhookEndpointEventEntity): EndpointEventView {
  return { type: event.type, reason: event.reason, at: isoTime(event.createdAt) };
}

function statusOf(endpoint: WebhookEndpointEntity): EndpointStatus {
  if (endpoint.disabledAt !== null) return 'disabled';
  return endpoint.replayingSince === null ? 'enabled' : 'replaying';
}
