import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BodyTooLarge } from '@foreman/gateway-http';
import type { Clock } from '@foreman/kernel';
import { verifyWebhook } from './verify-webhook';
import type { VerifiedWebhook } from './verify-webhook';
import { WebhookRejected } from './webhook-signature';

/** Room for the gateway's inline budget (1 MiB by default) and for a job's many artifact objects. */
export const DEFAULT_WEBHOOK_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Reads and verifies a webhook from a plain Node request whose body nobody has read. Throws `BodyTooLarge` (answer
 * 413: the gateway then sends the same event with every artifact by URL), `WebhookRejected` (answer 401), or an `Error`
 * when somebody has read it. `webhookListener` answers all of that by itself.
 */
export async function receiveWebhook(
  request: IncomingMessage,
  secrets: string | readonly string[],
  limitBytes: number = DEFAULT_WEBHOOK_LIMIT_BYTES,
  clock?: Pick<Clock, 'now'>,
): Promise<VerifiedWebhook> {
  if (request.readableDidRead) {
    throw new Error(
      'the body of the request was read before: take webhooks before any body parser',
    );
  }
  const rawBody = await bodyOf(request, limitBytes);
  return verifyWebhook({ secrets, headers: request.headers, rawBody, clock });
}

/**
 * What is beyond the limit is read and thrown away, not left: a connection that closes on a sender which still writes is
 * a reset to it, and the 413 is never seen. Node's `requestTimeout` ends a body without an end.
 */
function bodyOf(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) return void chunks.push(chunk);
      chunks.length = 0;
      reject(new BodyTooLarge(limitBytes));
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
  });
}

/** What NestJS gives to a controller (`@Req()`) when its application was made with `rawBody: true`. */
export interface RawBodyRequest {
  readonly headers: IncomingHttpHeaders;
  readonly rawBody?: Buffer;
}

/**
 * The same inside a NestJS controller. The application needs `NestFactory.create(Module, { rawBody: true })`, and,
 * as its JSON parser takes only 100 KB by default, `app.useBodyParser('json', { limit: '4mb' })`.
 * Throws `WebhookRejected`, which Nest answers with 401 by itself; a plain `Error` when no raw body was kept.
 */
export function receiveNestWebhook(
  request: RawBodyRequest,
  secrets: string | readonly string[],
  clock?: Pick<Clock, 'now'>,
): VerifiedWebhook {
  const { headers, rawBody } = request;
  if (rawBody !== undefined) return verifyWebhook({ secrets, headers, rawBody, clock });
  // Nest keeps the bodies that it parses: no JSON, no raw body, and a stranger can send that.
  if (!hasJsonBody(headers)) throw new WebhookRejected('there is no JSON body');
  throw new Error('the request has no raw body: create the Nest application with rawBody: true');
}

function hasJsonBody(headers: IncomingHttpHeaders): boolean {
  const isJson = /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return isJson && hasBody;
}
