import { createHash, hkdfSync } from 'node:crypto';

/** Less than 256 bits cannot be made into a key of 256. */
const LEAST_SECRET_BYTES = 32;
const KEY_BYTES = 32;
/** 48 bits tell a handful of keys apart; of a key of 256 random bits they say nothing. */
const ID_BYTES = 6;

/** A key for one purpose. */
export interface DerivedKey {
  /** Names the key in what was made with it: eight characters of base64url. No secret. */
  readonly id: string;
  readonly bytes: Buffer;
}

export interface DerivedKeys {
  /** Makes all new things. */
  readonly present: DerivedKey;
  /** The present one first, then the previous ones: any of them may verify, or open. */
  readonly all: readonly DerivedKey[];
}

/**
 * The operator's secret key, with those that it took the place of. What is made is made with the present one; what
 * was made with a previous one goes on to hold. Each purpose has keys of its own (HKDF-SHA256, RFC 5869), so that
 * what is signed for one can never pass for the other.
 */
export class KeyRing {
  private readonly secrets: readonly Buffer[];

  /** @throws RangeError for a secret of less than 32 bytes. */
  constructor(secretKey: Buffer | string, previousSecretKeys: readonly (Buffer | string)[] = []) {
    this.secrets = [
      checked('secretKey', secretKey),
      ...previousSecretKeys.map((secret) => checked('previousSecretKeys', secret)),
    ];
  }

  /** Whether there is anything that the present key did not make. */
  get hasPrevious(): boolean {
    return this.secrets.length > 1;
  }

  derive(purpose: string): DerivedKeys {
    const [present, ...previous] = this.secrets.map((secret) => derivedKey(secret, purpose));
    if (present === undefined) throw new Error('A key ring has a present key');
    return { present, all: [present, ...previous] };
  }
}

function derivedKey(secret: Buffer, purpose: string): DerivedKey {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
  const id = createHash('sha256').update(bytes).digest().subarray(0, ID_BYTES);
  return { id: id.toString('base64url'), bytes };
}

function checked(name: string, secret: Buffer | string): Buffer {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
  if (bytes.length >= LEAST_SECRET_BYTES) return bytes;
  throw new RangeError(`${name} must have at least ${LEAST_SECRET_BYTES} bytes`);
}
