import type { JobEvent, WebhookHeaders } from '@foreman/client';
import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';

export interface ReceivedWebhook {
  /** The event's id, the same over its retries. */
  readonly id: string;
  /** Exactly as it came: what the signature is over. */
  readonly rawBody: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly event: JobEvent;
}

/** The webhooks that came and were what they claim to be, each event once. */
@Injectable()
export class WebhookInbox {
  private readonly received = new Map<string, ReceivedWebhook>();
  private readonly waiting = new Map<string, (webhook: ReceivedWebhook) => void>();

  constructor(readonly secret: string) {}

  /** Takes a webhook in. @throws WebhookVerificationError unless its signature is over these bytes and it is recent */
  take(rawBody: Buffer, headers: WebhookHeaders): void {
    const flat = webhookHeaders(headers);
    this.verify(rawBody, flat);
    const id = flat['webhook-id'] ?? '';
    // Deliveries come at least once: a repeat is answered like the first, and changes nothing.
    if (this.received.has(id)) return;
    const event = JSON.parse(rawBody.toString('utf8')) as JobEvent;
    const webhook = { id, rawBody, headers: flat, event };
    this.received.set(id, webhook);
    this.waiting.get(event.data.job.id)?.(webhook);
  }

  /** Checks any bytes against these headers. @throws WebhookVerificationError */
  verify(rawBody: Buffer, headers: Readonly<Record<string, string>>): void {
    new Webhook(this.secret).verify(rawBody, headers, { jsonParse: false });
  }

  /** The first webhook about a job, come or to come. */
  about(jobId: string): Promise<ReceivedWebhook> {
    const known = [...this.received.values()].find(({ event }) => event.data.job.id === jobId);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => this.waiting.set(jobId, resolve));
  }
}

/** The three headers of Standard Webhooks. */
function webhookHeaders(headers: WebhookHeaders): Record<string, string> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]));
}
