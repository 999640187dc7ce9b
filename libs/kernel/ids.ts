import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** The only source of identifiers and secrets, so that tests can foresee them. */
export abstract class IdSource {
  /** A UUIDv7: sorts by its time of making. */
  abstract uuid(): string;
  /** `<prefix><43 characters of base64url>`: 256 random bits, as the contract asks of a bearer token. */
  abstract token(prefix: string): string;
  /** `count` random bytes, for keys and webhook secrets. */
  abstract bytes(count: number): Buffer;
}

const TOKEN_BYTES = 32;

/** What the v7 of the uuid package wants for one id. */
const RANDOM_BYTES_AN_ID = 16;
/** Asking the system for 16 bytes costs four times as much as the id itself: it is asked for 256 ids at once. */
const RANDOM_BYTES_AT_ONCE = 256 * RANDOM_BYTES_AN_ID;

export class RandomIds extends IdSource {
  private readonly pool = Buffer.alloc(RANDOM_BYTES_AT_ONCE);
  private used = RANDOM_BYTES_AT_ONCE;
  private msecs = 0;
  private seq = 0;

  /** Ids of one process rise, within a millisecond and over a clock that is set back too (RFC 9562, 6.2). */
  uuid(): string {
    const random = this.randomOfOneId();
    const now = Date.now();
    if (now > this.msecs) {
      this.msecs = now;
      this.seq = random.readUInt32BE(6) & LOWER_HALF_OF_SEQ;
    } else if (this.seq === HIGHEST_SEQ) {
      this.msecs += 1;
      this.seq = 0;
    } else {
      this.seq += 1;
    }
    return v7({ random, msecs: this.msecs, seq: this.seq });
  }

  token(prefix: string): string {
    return prefix + randomBytes(TOKEN_BYTES).toString('base64url');
  }

  bytes(count: number): Buffer {
    return randomBytes(count);
  }

  private randomOfOneId(): Buffer {
    if (this.used === RANDOM_BYTES_AT_ONCE) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    this.used += RANDOM_BYTES_AN_ID;
    return this.pool.subarray(this.used - RANDOM_BYTES_AN_ID, this.used);
  }
}

/** The counter within a millisecond has 32 bits, and begins where it can go on for 2^31 ids. */
const LOWER_HALF_OF_SEQ = 0x7fff_ffff;
const HIGHEST_SEQ = 0xffff_ffff;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a path segment can be an id at all; a malformed one is 404 like an unknown one (contract). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Lower-case hex SHA-256: how tokens are stored and artifacts are named by digest. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
