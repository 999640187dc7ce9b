import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { DerivedKeys, IdSource, KeyRing } from '@foreman/kernel';

const ALGORITHM = 'aes-256-gcm';
/** 96 random bits, the size that GCM is specified for (NIST SP 800-38D). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';
/** Sets this key apart from others that are derived from the same FOREMAN_SECRET_KEY. */
const PURPOSE = 'foreman webhook secrets v1';

/** A sealed secret that none of the keys sealed, or that was changed or moved to another row. */
export class UnreadableSecretError extends Error {
  override readonly name = 'UnreadableSecretError';
  constructor() {
    super(
      'A webhook secret cannot be read with this FOREMAN_SECRET_KEY: restore the key it was sealed under',
    );
  }
}

/**
 * Seals secrets at rest: AES-256-GCM under a key derived from FOREMAN_SECRET_KEY. What a previous key sealed opens
 * too: which one did, GCM itself tells, so that the sealed text names none.
 */
export class SecretBox {
  private readonly keys: DerivedKeys;

  constructor(
    ring: KeyRing,
    private readonly ids: IdSource,
  ) {
    this.keys = ring.derive(PURPOSE);
  }

  /** `owner` (the endpoint's id) is bound in: the sealed text opens for no other owner. */
  seal(plain: Buffer, owner: string): string {
    const nonce = this.ids.bytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.keys.present.bytes, nonce).setAAD(
      Buffer.from(owner),
    );
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
    return this.opened(sealed, owner).plain;
  }

  /** Whether the present key sealed it, rather than a previous one. @throws UnreadableSecretError. */
  isOfPresentKey(sealed: string, owner: string): boolean {
    return this.opened(sealed, owner).key === this.keys.present.bytes;
  }

  private opened(sealed: string, owner: string): { readonly plain: Buffer; readonly key: Buffer } {
    const [version, encoded = ''] = sealed.split('.');
    const bytes = Buffer.from(encoded, 'base64');
    if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) {
      throw new UnreadableSecretError();
    }
    for (const { bytes: key } of this.keys.all) {
      const plain = openedBy(key, bytes, owner);
      if (plain !== null) return { plain, key };
    }
    throw new UnreadableSecretError();
  }
}

/** Null for a text that another key sealed, or that was changed. */
function openedBy(key: Buffer, sealed: Buffer, owner: string): Buffer | null {
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(owner))
    .setAuthTag(sealed.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, tagAt)), decipher.final()]);
  } catch {
    return null;
  }
}
