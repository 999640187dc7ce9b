import { invalidField } from '@foreman/kernel';
import {
  TERMINAL_EVENT_TYPES,
  WEBHOOK_EVENT_TYPES,
  isWebhookEventType,
  type WebhookEventType,
} from '../webhook-event-type';

/** A job's own webhook, as it is submitted with the job. */
export interface JobWebhookCommand {
  readonly url: string;
  /** `whsec_<base64 of 24..64 bytes>`; absent: one is made. */
  readonly secret?: string;
  /** Absent: how the job ends. */
  readonly events?: readonly string[];
  /** Artifacts' URLs work without a bearer token, for some days: whoever reads the body can fetch them. Default false. */
  readonly signedUrls?: boolean;
}

/** A standing endpoint: for every job, or for those of some kinds. */
export interface StandingEndpointCommand extends JobWebhookCommand {
  readonly kinds?: readonly string[];
}

/** @throws `request.invalid` at `path`. */
export function checkedEvents(
  events: readonly string[] | undefined,
  path: string,
): WebhookEventType[] {
  if (events === undefined) return [...TERMINAL_EVENT_TYPES];
  const known = [...new Set(events)].filter(isWebhookEventType);
  if (known.length === 0 || !events.every(isWebhookEventType)) {
    throw invalidField(path, `must be one or more of ${WEBHOOK_EVENT_TYPES.join(', ')}`);
  }
  return known;
}
