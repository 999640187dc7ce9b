import { createHash } from 'node:crypto';
import { IdSource } from '@foreman/kernel';

/** Ids 00000000-0000-7000-8000-000000000001, ...0002 and so on: valid UUIDv7 that sort by their making. */
export class SequenceIds extends IdSource {
  private made = 0;

  uuid(): string {
    this.made += 1;
    return `00000000-0000-7000-8000-${this.made.toString(16).padStart(12, '0')}`;
  }

  token(prefix: string): string {
    return prefix + this.bytes(32).toString('base64url');
  }

  bytes(count: number): Buffer {
    this.made += 1;
    const seed = createHash('sha512').update(`sequence ${this.made}`).digest();
    return Buffer.alloc(count, seed);
  }
}
