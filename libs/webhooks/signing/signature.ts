import { createHmac } from 'node:crypto';

export interface SignedMessage {
  /** The event's id: the same over every retry. */
  readonly id: string;
  /** Seconds since the epoch of this very attempt, so that receivers can refuse replays. */
  readonly timestampSeconds: number;
  /** The exact bytes that are sent. */
  readonly body: Buffer;
}

/**
 * The three headers of Standard Webhooks 1.0. One `v1` signature a key, the newest first: several while a
 * secret is rotating. By node:crypto, because the `standardwebhooks` package hashes in plain JavaScript and
 * would hold the event loop over a body of a megabyte; the specs verify every header with that package.
 */
export function signatureHeaders(
  message: SignedMessage,
  keys: readonly Buffer[],
): Record<string, string> {
  const head = `${message.id}.${message.timestampSeconds}.`;
  const signatures = keys.map(
    (key) => 'v1,' + createHmac('sha256', key).update(head).update(message.body).digest('base64'),
  );
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
