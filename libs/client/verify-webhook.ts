import { SystemClock } from '@foreman/kernel';
import type { Clock } from '@foreman/kernel';
import type { WebhookEvent } from './protocol.types';
import { WebhookRejected, isSigned, webhookHead, webhookKeys } from './webhook-signature';
import type { WebhookHeaders } from './webhook-signature';

/** Either way (Standard Webhooks): what was recorded earlier cannot be played again, and clocks may differ a little. */
const TOLERANCE_SECONDS = 300;

export interface WebhookToVerify {
  /** One `whsec_` secret, or several while one is being replaced. */
  readonly secrets: string | readonly string[];
  readonly headers: WebhookHeaders;
  /** The body exactly as it came: parsed and printed again it would not match. */
  readonly rawBody: Uint8Array | string;
  readonly clock?: Pick<Clock, 'now'>;
}

export interface VerifiedWebhook {
  /** The event's id, the same over its retries: keep it to handle each event once. */
  readonly id: string;
  readonly event: WebhookEvent;
}

/**
 * Checks a webhook by Standard Webhooks: a signature over id, timestamp and body, and a timestamp that is at most five
 * minutes away. Events may come again and in another order: compare `job.seq`.
 * @throws WebhookRejected (answer 401); TypeError where the caller is wrong: a secret that is none, a body that was parsed.
 */
export function verifyWebhook(webhook: WebhookToVerify): VerifiedWebhook {
  const keys = webhookKeys(webhook.secrets);
  const body = bytesOf(webhook.rawBody);
  const head = webhookHead(webhook.headers);
  const clock = webhook.clock ?? new SystemClock();
  const ageSeconds = Math.floor(clock.now() / 1000) - head.timestampSeconds;
  if (ageSeconds > TOLERANCE_SECONDS) throw new WebhookRejected('the webhook is too old');
  if (ageSeconds < -TOLERANCE_SECONDS) throw new WebhookRejected('the webhook is from the future');
  if (!isSigned(head, body, keys)) throw new WebhookRejected('no signature matches');
  return { id: head.id, event: eventFrom(body) };
}

function bytesOf(rawBody: unknown): Buffer {
  if (typeof rawBody === 'string') return Buffer.from(rawBody);
  if (rawBody instanceof Uint8Array) {
    return Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength);
  }
  throw new TypeError(
    `verifying a webhook takes its raw body, a Buffer or a string, and got ${rawBody === null ? 'null' : typeof rawBody}: ` +
      'what was parsed and is printed again does not match its signature',
  );
}

function eventFrom(body: Buffer): WebhookEvent {
  try {
    return JSON.parse(body.toString('utf8')) as WebhookEvent;
  } catch (cause) {
    throw new WebhookRejected('the body is not JSON', { cause });
  }
}
