import { Injectable } from '@nestjs/common';
import { sqlList, type Queryable, type Tx } from '@foreman/database';
import { DomainError } from '@foreman/kernel';

/** A blob that is to be deleted. */
export interface ReleasedBlob {
  readonly key: string;
  /** Null for an upload that was never finished. */
  readonly size: number | null;
  /** Epoch ms. */
  readonly released_at: number;
}

/** Which keys hold bytes, and whether anything still wants them. The same for every blob store. */
@Injectable()
export class BlobRegistry {
  /** Before the first byte. */
  async open(tx: Tx, key: string, now: number): Promise<void> {
    await tx.insert('blobs', { key, written_at: now });
  }

  /** A blob that is written, and named by its artifact, in this very transaction. */
  async add(tx: Tx, key: string, size: number, now: number): Promise<void> {
    await tx.insert('blobs', { key, size, written_at: now });
  }

  /** In the transaction that records its artifact: from here on the blob is wanted. */
  async keep(tx: Tx, key: string, size: number): Promise<void> {
    const kept = await tx.execute(
      'UPDATE blobs SET size = ? WHERE key = ? AND size IS NULL AND released_at IS NULL',
      [size, key],
    );
    if (kept === 0) throw uploadSwept();
  }

  /** No artifact names it any more, or none ever will: the sweep may delete it. */
  async release(tx: Tx, key: string, now: number): Promise<void> {
    await tx.execute('UPDATE blobs SET released_at = ? WHERE key = ? AND released_at IS NULL', [
      now,
      key,
    ]);
  }

  /** An upload that failed. One whose bytes were kept after all stays: its record may be on disk though the answer was lost. */
  async abandon(tx: Tx, key: string, now: number): Promise<void> {
    await tx.execute(
      'UPDATE blobs SET released_at = ? WHERE key = ? AND released_at IS NULL AND size IS NULL',
      [now, key],
    );
  }

  /** Gives up at most `limit` uploads that have not moved since `before`. */
  async releaseAbandoned(tx: Tx, before: number, now: number, limit: number): Promise<number> {
    return tx.execute(RELEASE_ABANDONED, [now, before, limit]);
  }

  /** The next of them after one; null: from the beginning. */
  async released(
    db: Queryable,
    after: ReleasedBlob | null,
    limit: number,
  ): Promise<ReleasedBlob[]> {
    return db.query<ReleasedBlob>(RELEASED, [after?.released_at ?? 0, after?.key ?? '', limit]);
  }

  /** After its bytes are gone. One that got bytes meanwhile stays for the next sweep. */
  async forget(tx: Tx, keys: readonly string[]): Promise<number> {
    const { marks, params } = sqlList(keys);
    await tx.execute(`DELETE FROM corrupt_blobs WHERE blob_key IN (${marks})`, params);
    return tx.execute(
      `DELETE FROM blobs WHERE key IN (${marks}) AND released_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM blob_chunks WHERE blob_key = blobs.key)`,
      params,
    );
  }
}

/** The sender was silent for longer than an upload may be; it may send again. */
export function uploadSwept(): DomainError {
  return new DomainError('server.busy', 'The upload stood still for too long; send it again.', {
    retryAfterSeconds: 1,
  });
}

/** Few were released in one and the same moment: those alone are sorted. */
export const RELEASED = `
  SELECT key, size, released_at FROM blobs
  WHERE released_at IS NOT NULL AND (released_at, key) > (?, ?)
  ORDER BY released_at, key LIMIT ?`;

export const RELEASE_ABANDONED = `
  UPDATE blobs SET released_at = ? WHERE released_at IS NULL AND key IN
    (SELECT key FROM blobs WHERE size IS NULL AND released_at IS NULL AND written_at < ? LIMIT ?)`;
