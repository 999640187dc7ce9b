import type { IncomingMessage } from 'node:http';
import { readBounded } from '@foreman/gateway-http';
import { verifyWebhook } from './verify-webhook';
import type { VerifiedWebhook, WebhookHeaders } from './verify-webhook';

/** Room for the gateway's inline budget (1 MiB by default) and for a job's many artifact objects. */
export const DEFAULT_WEBHOOK_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Reads and verifies a webhook from a plain Node request whose body nobody has read. Throws `BodyTooLarge` (answer
 * 413: the gateway then sends the same event with every artifact by URL) or `WebhookRejected` (answer 400).
 */
export async function receiveWebhook(
  request: IncomingMessage,
  secrets: string | readonly string[],
  limitBytes: number = DEFAULT_WEBHOOK_LIMIT_BYTES,
): Promise<VerifiedWebhook> {
  const rawBody = await readBounded(request, limitBytes);
  return verifyWebhook({ secrets, headers: request.headers, rawBody });
}

/** What NestJS gives to a controller (`@Req()`) when its application was made with `rawBody: true`. */
export interface RawBodyRequest {
  readonly headers: WebhookHeaders;
  readonly rawBody?: Buffer;
}

/**
 * The same inside a NestJS controller. The application needs `NestFactory.create(Module, { rawBody: true })`, and,
 * as its JSON parser takes only 100 KB by default, `app.useBodyParser('json', { limit: '4mb' })`.
 * Throws `WebhookRejected`; a plain `Error` when there is no raw body.
 */
export function receiveNestWebhook(
  request: RawBodyRequest,
  secrets: string | readonly string[],
): VerifiedWebhook {
  const { headers, rawBody } = request;
  if (rawBody === undefined) {
    throw new Error('the request has no raw body: create the Nest application with rawBody: true');
  }
  return verifyWebhook({ secrets, headers, rawBody });
}
