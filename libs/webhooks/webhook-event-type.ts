import type { JobEventType } from '@foreman/jobs';

/** The events that webhooks are sent for (contract). */
export const WEBHOOK_EVENT_TYPES = [
  'job.started',
  'job.completed',
  'job.failed',
  'job.cancelled',
] as const satisfies readonly JobEventType[];

export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** What an endpoint gets that names no events: how its jobs ended. */
export const TERMINAL_EVENT_TYPES: readonly WebhookEventType[] = [
  'job.completed',
  'job.failed',
  'job.cancelled',
];

export function isWebhookEventType(type: string): type is WebhookEventType {
  return (WEBHOOK_EVENT_TYPES as readonly string[]).includes(type);
}
