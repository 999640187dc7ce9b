import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { BlobStore, MissingBytesError } from '../blob-store';
import type { ScrubbedBlob } from './scrub.store';

/**
 * What a blob's bytes turned out to be. `unreadable` says nothing of them: the store failed, and may not the
 * next time.
 */
export type BlobFinding =
  | { readonly is: 'sound' }
  | { readonly is: 'corrupt'; readonly foundSha256: string | null }
  | { readonly is: 'unreadable'; readonly error: unknown };

/** Reads a blob as it is stored, and hashes it. */
@Injectable()
export class BlobCheck {
  constructor(private readonly store: BlobStore) {}

  /** `onPiece` is awaited with the length of each piece, 256 KiB in the database's store; what it throws ends the check. */
  async of(
    blob: Pick<ScrubbedBlob, 'key' | 'size' | 'sha256'>,
    onPiece: (bytes: number) => Promise<void>,
  ): Promise<BlobFinding> {
    const hash = createHash('sha256');
    const pieces = this.store.read(blob.key, blob.size)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const read = await next(pieces);
        if ('error' in read) return findingOf(read.error);
        if (read.piece === null) break;
        hash.update(read.piece);
        await onPiece(read.piece.length);
      }
    } finally {
      await pieces.return?.();
    }
    const foundSha256 = hash.digest('hex');
    return foundSha256 === blob.sha256 ? { is: 'sound' } : { is: 'corrupt', foundSha256 };
  }
}

type Read = { readonly piece: Buffer | null } | { readonly error: unknown };

/** What reading throws is a finding; what the caller's `onPiece` throws is not. */
async function next(pieces: AsyncIterator<Buffer>): Promise<Read> {
  try {
    const { done, value } = await pieces.next();
    return { piece: done ? null : value };
  } catch (error) {
    return { error };
  }
}

function findingOf(error: unknown): BlobFinding {
  return error instanceof MissingBytesError
    ? { is: 'corrupt', foundSha256: null }
    : { is: 'unreadable', error };
}
