import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { IdSource } from '@foreman/kernel';

const ALGORITHM = 'aes-256-gcm';
/** 96 random bits, the size that GCM is specified for (NIST SP 800-38D). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const VERSION = 'v1';
/** Sets this key apart from others that are derived from the same FOREMAN_SECRET_KEY. */
const PURPOSE = 'foreman webhook secrets v1';

/** A sealed secret that this key did not seal, or that was changed or moved to another row. */
export class UnreadableSecretError extends Error {
  override readonly name = 'UnreadableSecretError';
  constructor() {
    super(
      'A webhook secret cannot be read with this FOREMAN_SECRET_KEY: restore the key it was sealed under',
    );
  }
}

/** Seals secrets at rest: AES-256-GCM under a key derived from FOREMAN_SECRET_KEY by HKDF-SHA256 (RFC 5869). */
export class SecretBox {
  private readonly key: Buffer;

  constructor(
    secretKey: Buffer,
    private readonly ids: IdSource,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', secretKey, '', PURPOSE, KEY_BYTES));
  }

  /** `owner` (the endpoint's id) is bound in: the sealed text opens for no other owner. */
  seal(plain: Buffer, owner: string): string {
    const nonce = this.ids.bytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key, nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([
      nonce,
      cipher.update(plain),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return `${VERSION}.${sealed.toString('base64')}`;
  }

  /** @throws UnreadableSecretError. */
  open(sealed: string, owner: string): Buffer {
    const [version, encoded = ''] = sealed.split('.');
    const bytes = Buffer.from(encoded, 'base64');
    if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) {
      throw new UnreadableSecretError();
    }
    const tagAt = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, this.key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(owner))
      .setAuthTag(bytes.subarray(tagAt));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, tagAt)), decipher.final()]);
    } catch {
      throw new UnreadableSecretError();
    }
  }
}
