import { createHmac, timingSafeEqual } from 'node:crypto';

const PREFIX = 'whsec_';
/** Standard Webhooks: 24 to 64 bytes, as the gateway makes and takes them. */
const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;
/** Of each header. Room for twenty signatures, and for no more work than that. */
const MAX_HEADER_CHARS = 1024;
/** Without a dot: what is signed is `id.timestamp.body`, and each of the three must be what the gateway meant. */
const ID = /^[\w-]+$/;
const SECONDS = /^\d{1,12}$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;

/** As Node gives them (`request.headers`). */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What the three headers of Standard Webhooks say. */
export interface WebhookHead {
  readonly id: string;
  readonly timestampSeconds: number;
  /** Base64, of the version that is known here; others may stand beside them. */
  readonly signatures: readonly string[];
}

/**
 * A request that is not a webhook of this gateway, or an old one. Has the marks of an `http-errors` error, so that NestJS,
 * Express, Fastify and Koa answer it with 401 by themselves, and without its words.
 */
export class WebhookRejected extends Error {
  override readonly name = 'WebhookRejected';
  /** The gateway tries again after this: a wrong secret that is mended while its schedule lasts loses nothing. */
  readonly status = 401;
  readonly statusCode = 401;
  readonly expose = false;
}

/** @throws WebhookRejected for a header that is missing, there twice, too long or malformed. */
export function webhookHead(headers: WebhookHeaders): WebhookHead {
  const id = theOnly(headers, 'webhook-id');
  if (!ID.test(id)) throw new WebhookRejected('webhook-id is not an id');
  const timestamp = theOnly(headers, 'webhook-timestamp');
  if (!SECONDS.test(timestamp)) {
    throw new WebhookRejected('webhook-timestamp is not a whole number of seconds');
  }
  const tokens = theOnly(headers, 'webhook-signature').split(' ');
  const signatures = tokens.flatMap((token) => SIGNATURE.exec(token)?.[1] ?? []);
  if (signatures.length === 0) throw new WebhookRejected('webhook-signature has no v1 signature');
  return { id, timestampSeconds: Number(timestamp), signatures };
}

/** Whether one of the signatures is by one of the keys, over exactly these bytes. Takes as long whichever it is. */
export function isSigned(
  { id, timestampSeconds, signatures }: WebhookHead,
  body: Uint8Array,
  keys: readonly Buffer[],
): boolean {
  const given = signatures.map((signature) => Buffer.from(signature));
  let matches = 0;
  for (const key of keys) {
    const mac = createHmac('sha256', key).update(`${id}.${timestampSeconds}.`).update(body);
    const expected = Buffer.from(mac.digest('base64'));
    for (const signature of given) matches += Number(timingSafeEqual(signature, expected));
  }
  return matches > 0;
}

/**
 * The keys of `whsec_` secrets. A lax reading would verify under another key than the gateway signs with, or under
 * none: an empty secret is everybody's. @throws TypeError, which never repeats the secret.
 */
export function webhookKeys(secrets: string | readonly string[]): readonly Buffer[] {
  const keys = (typeof secrets === 'string' ? [secrets] : secrets).map(keyOf);
  if (keys.length === 0) throw new TypeError('no webhook secret was given');
  return keys;
}

function keyOf(secret: string): Buffer {
  const hasPrefix = typeof secret === 'string' && secret.startsWith(PREFIX);
  const encoded = hasPrefix ? secret.slice(PREFIX.length) : '';
  const key = Buffer.from(encoded, 'base64');
  const isCanonical = key.toString('base64') === encoded;
  if (!isCanonical || key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
    throw new TypeError(
      `a webhook secret is ${PREFIX} and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes`,
    );
  }
  return key;
}

function theOnly(headers: WebhookHeaders, name: string): string {
  const values = Object.entries(headers)
    .filter(([given]) => given.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
  const [value] = values;
  if (value === undefined || value === '') throw new WebhookRejected(`there is no ${name}`);
  if (values.length > 1) throw new WebhookRejected(`there is more than one ${name}`);
  if (value.length > MAX_HEADER_CHARS) throw new WebhookRejected(`${name} is too long`);
  return value;
}
