import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyTooLarge } from '@foreman/gateway-http';
import type { Clock } from '@foreman/kernel';
import { DEFAULT_WEBHOOK_LIMIT_BYTES, receiveWebhook } from './receive-webhook';
import type { VerifiedWebhook } from './verify-webhook';
import { WebhookRejected, webhookKeys } from './webhook-signature';

export interface WebhookListenerOptions {
  /** One `whsec_` secret, or several while one is being replaced. */
  readonly secrets: string | readonly string[];
  /**
   * Keeps the event, or does what it asks for; its webhook is answered when this settles, within the 15 s that the gateway
   * waits. May see an event more than once. If it throws, the gateway sends the event again.
   */
  readonly onEvent: (webhook: VerifiedWebhook) => Promise<void> | void;
  /**
   * Whatever was not answered 2xx, for a log: never the request's own body. Called when it is answered, may be
   * asynchronous; what it throws is a warning of the process.
   */
  readonly onRefused?: (error: unknown) => unknown;
  /** The longest body that is read. Default 4 MiB. */
  readonly limitBytes?: number;
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * For `http.createServer(webhookListener({...}))`, or a route of one: reads, verifies, hands over, and answers what makes the
 * gateway do the right thing. 204: delivered. 401: not by these secrets, or too old. 413: send it again with URLs. 500:
 * `onEvent` failed, send it again later. 405 for anything but POST. @throws TypeError for a secret that is none.
 */
export function webhookListener(
  options: WebhookListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  webhookKeys(options.secrets);
  return (request, response) => void answer(request, response, options);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: WebhookListenerOptions,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end();
    return;
  }
  const { secrets, limitBytes = DEFAULT_WEBHOOK_LIMIT_BYTES, clock } = options;
  try {
    await options.onEvent(await receiveWebhook(request, secrets, limitBytes, clock));
    end(response, 204);
  } catch (error) {
    end(response, statusOf(error));
    await tell(error, options);
  }
}

/** Whoever wraps the listener may have answered by now, at a time-out of its own say. */
function end(response: ServerResponse, statusCode: number): void {
  if (!response.headersSent) response.writeHead(statusCode).end();
}

/** Any stranger's bad signature comes here: a log that fails must not end the process with it. */
async function tell(error: unknown, { onRefused }: WebhookListenerOptions): Promise<void> {
  try {
    await onRefused?.(error);
  } catch (fault) {
    process.emitWarning(`onRefused of a webhook listener failed: ${String(fault)}`);
  }
}

/** Never 410, which would end the endpoint. Without words: who is refused learns nothing. */
function statusOf(error: unknown): number {
  if (error instanceof BodyTooLarge) return 413;
  return error instanceof WebhookRejected ? error.statusCode : 500;
}
