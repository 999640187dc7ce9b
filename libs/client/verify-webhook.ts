import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { JobEvent } from './protocol.types';

/** As Node gives them (`request.headers`). */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface WebhookToVerify {
  /** One `whsec_` secret, or several while one is being replaced. */
  readonly secrets: string | readonly string[];
  readonly headers: WebhookHeaders;
  /** The body exactly as it came: parsed and printed again it would not match. */
  readonly rawBody: Buffer | string;
}

export interface VerifiedWebhook {
  /** The event's id, the same over its retries: keep it to handle each event once. */
  readonly id: string;
  readonly event: JobEvent;
}

/** A request that is not a webhook of this gateway: answer it 4xx and do nothing else. */
export class WebhookRejected extends Error {
  override readonly name = 'WebhookRejected';
}

/**
 * Checks a webhook by Standard Webhooks: signature over id, timestamp and body, and a timestamp that is at most five
 * minutes away. Throws `WebhookRejected`. Events may come again and in another order: compare `job.run` and `job.seq`.
 */
export function verifyWebhook({ secrets, headers, rawBody }: WebhookToVerify): VerifiedWebhook {
  const flat = singleHeaders(headers);
  const body = typeof rawBody === 'string' ? rawBody : rawBody.toString('utf8');
  const candidates = typeof secrets === 'string' ? [secrets] : secrets;
  let refusal = 'no secret was given';
  for (const secret of candidates) {
    try {
      new Webhook(secret).verify(body, flat, { jsonParse: false });
      return { id: flat['webhook-id'] ?? '', event: eventFrom(body) };
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      refusal = error.message;
    }
  }
  throw new WebhookRejected(refusal);
}

function eventFrom(body: string): JobEvent {
  try {
    return JSON.parse(body) as JobEvent;
  } catch (cause) {
    throw new WebhookRejected('the body is not JSON', { cause });
  }
}

function singleHeaders(headers: WebhookHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') flat[name.toLowerCase()] = value;
    else if (value?.[0] !== undefined) flat[name.toLowerCase()] = value[0];
  }
  return flat;
}
