import { invalidField, type IdSource } from '@foreman/kernel';

const PREFIX = 'whsec_';
/** Standard Webhooks: between 24 bytes (192 bits) and 64 bytes (512 bits). */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
const MADE_SECRET_BYTES = 32;

/** A new secret in its wire form, `whsec_<base64>`. */
export function makeWebhookSecret(ids: IdSource): string {
  return PREFIX + ids.bytes(MADE_SECRET_BYTES).toString('base64');
}

/**
 * The signing key of a secret that a client gave. Only the canonical base64 of Standard Webhooks is taken:
 * a lax decoder here and a strict one at the receiver would sign with different keys.
 * @throws `request.invalid` at `path`; the message never repeats the secret.
 */
export function webhookSecretKey(secret: string, path: string): Buffer {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : null;
  const key = Buffer.from(encoded ?? '', 'base64');
  if (encoded === null || key.toString('base64') !== encoded) {
    throw invalidField(path, 'must be whsec_ followed by padded standard base64');
  }
  if (key.length < MIN_SECRET_BYTES || key.length > MAX_SECRET_BYTES) {
    throw invalidField(
      path,
      `must hold ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes, and holds ${key.length}`,
    );
  }
  return key;
}
