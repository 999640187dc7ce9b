import { createHmac } from 'node:crypto';

export const SECRET = `whsec_${Buffer.alloc(32, 'right').toString('base64')}`;
export const OTHER_SECRET = `whsec_${Buffer.alloc(32, 'wrong').toString('base64')}`;

/** `v1,<base64>` over whatever is given, however wrong. */
export function signatureOf(
  secret: string,
  id: string,
  timestamp: string | number,
  body: string | Buffer,
): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}

/** The three headers of a webhook that is sent at `atSeconds`. */
export function signedHeaders(
  body: string | Buffer,
  atSeconds: number,
  { secret = SECRET, id = 'event-1' } = {},
): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(atSeconds),
    'webhook-signature': signatureOf(secret, id, atSeconds, body),
  };
}
