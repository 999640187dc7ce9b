import type { Readable } from 'node:stream';

/** Bytes `start` to `end`, both included, as in HTTP. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes of a blob that should be there are not: it was removed meanwhile, or is damaged. */
export class MissingBytesError extends Error {
  override readonly name = 'MissingBytesError';
  constructor(key: string, position: number) {
    super(`Blob ${key} has no byte ${position} any more`);
  }
}

/**
 * Where artifacts' bytes are. Keys are opaque, and registered with `BlobRegistry` before the first
 * byte is written, so that an upload which dies leaves nothing unknown behind.
 */
export abstract class BlobStore {
  /**
   * Stores everything that `body` yields, asking for more only when the last piece is stored.
   * @returns how many bytes there were. Rejects with what `body` throws; the pieces stay until `delete`.
   */
  abstract write(key: string, body: AsyncIterable<Buffer>): Promise<number>;
  /** The bytes, or a range of them. Fails with `MissingBytesError` (never just ends) if any of them are missing. */
  abstract read(key: string, size: number, range?: ByteRange): Readable;
  /** All bytes of a small blob at once; null if any of them are missing. */
  abstract readWhole(key: string, size: number): Promise<Buffer | null>;
  /** Removes the bytes of all these keys. Repeating is safe; a key that is not there is no error. */
  abstract delete(keys: readonly string[]): Promise<void>;
  /** How many bytes there are; null when there are none. */
  abstract stat(key: string): Promise<number | null>;
}
