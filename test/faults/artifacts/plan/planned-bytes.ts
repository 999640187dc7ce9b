import { createCipheriv } from 'node:crypto';
import { sha256Hex } from '@foreman/kernel';

const CIPHER = 'aes-128-ctr';
const KEY_BYTES = 16;
const HEX = 'hex';

/** Bytes of the plan: known by their seed, so that nothing has to be kept to know them again. */
export interface PlannedBytes {
  readonly seed: string;
  readonly size: number;
}

/** Always the same for the same seed, and like no others. */
export function bytesOf({ seed, size }: PlannedBytes): Buffer {
  const key = Buffer.from(sha256Hex(seed), HEX).subarray(0, KEY_BYTES);
  return createCipheriv(CIPHER, key, Buffer.alloc(KEY_BYTES)).update(Buffer.alloc(size));
}

/** The same as text, which can travel inline. */
export function textOf(planned: PlannedBytes): string {
  return bytesOf(planned).toString(HEX);
}
