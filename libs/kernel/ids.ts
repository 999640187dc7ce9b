import { createHash, randomBytes } from 'node:crypto';
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

export class RandomIds extends IdSource {
  uuid(): string {
    return v7();
  }

  token(prefix: string): string {
    return prefix + randomBytes(TOKEN_BYTES).toString('base64url');
  }

  bytes(count: number): Buffer {
    return randomBytes(count);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a path segment can be an id at all; a malformed one is 404 like an unknown one (contract). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Lower-case hex SHA-256: how tokens are stored and artifacts are named by digest. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
