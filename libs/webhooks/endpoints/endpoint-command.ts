import { KIND_RULE, invalidField, isKind } from '@foreman/kernel';
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
  /** Absent: jobs of every kind. */
  readonly kinds?: readonly string[];
  /** Bytes of artifacts that one body may carry inline. Absent: the module's. */
  readonly inlineBudgetBytes?: number;
  /** Posts that any minute may see, evenly spread. Absent: no bound. */
  readonly ratePerMinute?: number;
}

/** What an operator changes; what is left out stays. `null` is what leaving it out means at creation. */
export interface StandingEndpointChanges {
  readonly url?: string;
  readonly events?: readonly string[] | null;
  readonly kinds?: readonly string[] | null;
  readonly signedUrls?: boolean;
  readonly inlineBudgetBytes?: number | null;
  readonly ratePerMinute?: number | null;
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

/** Null: every kind. @throws `request.invalid` at `kinds`. */
export function checkedKinds(kinds: readonly string[] | null | undefined): string[] | null {
  if (kinds === undefined || kinds === null) return null;
  if (kinds.length === 0) throw invalidField('kinds', 'must name a kind, or be left out for all');
  if (!kinds.every(isKind)) throw invalidField('kinds', `each ${KIND_RULE}`);
  return [...new Set(kinds)];
}
