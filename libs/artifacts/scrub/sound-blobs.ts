import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { sha256Hex } from '@foreman/kernel';
import type { ArtifactRecord } from '../artifact-record';
import { BlobStore, MissingBytesError, type ByteRange } from '../blob-store';
import { BlobCheck } from './blob-check';
import { DamageReports } from './damage-reports';
import { ScrubStore } from './scrub.store';

/** Bytes, and what they must hash to. */
export type HashedBytes = Pick<ArtifactRecord, 'blobKey' | 'size' | 'sha256'>;

/** What a small blob turned out to be: its bytes, damaged (and marked), or on its way out. */
type WholeBytes = Buffer | 'damaged' | 'gone';

/** All bytes of a blob were read, and they are not what came. */
class OtherBytesError extends Error {
  override readonly name = 'OtherBytesError';
  constructor(
    key: string,
    readonly foundSha256: string,
  ) {
    super(`Blob ${key} has other bytes than came`);
  }
}

/**
 * Keeps bytes that are not what came from being served under their digest. What a reader comes upon is marked as if
 * the scrub had found it; that a reader went away in the middle says nothing of the bytes.
 */
@Injectable()
export class SoundBlobs {
  private readonly logger = new Logger(SoundBlobs.name);

  constructor(
    private readonly store: BlobStore,
    private readonly check: BlobCheck,
    private readonly marks: ScrubStore,
    private readonly damage: DamageReports,
  ) {}

  /** Whether they were found damaged. */
  async isMarked(db: Queryable, blobKey: string): Promise<boolean> {
    return this.marks.isCorrupt(db, blobKey);
  }

  /** The names of what a task has staged and what was found damaged since. */
  async markedOfStaged(db: Queryable, taskId: string): Promise<ReadonlySet<string>> {
    return new Set(await this.marks.corruptStaged(db, taskId));
  }

  /** A small one whole, hashed as it is read; null when any of it is gone or is not what came. Writes nothing. */
  async readWhole(stored: HashedBytes): Promise<Buffer | null> {
    const bytes = await this.store.readWhole(stored.blobKey, stored.size);
    if (bytes === null || sha256Hex(bytes) === stored.sha256) return bytes;
    this.logger.error({ msg: 'Stored bytes are corrupt', blob: stored.blobKey });
    return null;
  }

  /** The same for a download, outside of every transaction: what is damaged is marked when it resolves. */
  async whole(stored: HashedBytes): Promise<WholeBytes> {
    const bytes = await this.store.readWhole(stored.blobKey, stored.size);
    const foundSha256 = bytes === null ? null : sha256Hex(bytes);
    if (bytes !== null && foundSha256 === stored.sha256) return bytes;
    return (await this.damage.report(blobOf(stored), foundSha256)) ? 'damaged' : 'gone';
  }

  /**
   * Reads all of them, whatever they are, outside of every transaction and with a turn for others after each piece:
   * what is damaged is marked when it resolves to false. So it does, unmarked, when nobody wants them any more.
   * Throws what the store does when it fails: that says nothing of the bytes.
   */
  async areSound(stored: HashedBytes): Promise<boolean> {
    const finding = await this.check.of(blobOf(stored), () => new Promise(setImmediate));
    if (finding.is === 'unreadable') throw finding.error;
    if (finding.is === 'corrupt') await this.damage.report(blobOf(stored), finding.foundSha256);
    return finding.is === 'sound';
  }

  /** As the store reads; where bytes are missing the stream fails, and they are marked. */
  read(stored: HashedBytes, range?: ByteRange): Readable {
    return this.watched(stored, this.store.read(stored.blobKey, stored.size, range));
  }

  /**
   * All bytes, hashed on the way (0.3 ms for 256 KiB): the last piece comes only if the digest is right, else the
   * stream fails, and they are marked.
   */
  readVerified(stored: HashedBytes): Readable {
    const source = this.store.read(stored.blobKey, stored.size);
    return this.watched(stored, Readable.from(verified(stored, source), { objectMode: false }));
  }

  private watched(stored: HashedBytes, bytes: Readable): Readable {
    return bytes.once('error', (error) => {
      if (error instanceof MissingBytesError) this.report(stored, null);
      else if (error instanceof OtherBytesError) this.report(stored, error.foundSha256);
    });
  }

  /** If it fails, the next reader or the scrub finds the same. */
  private report(stored: HashedBytes, foundSha256: string | null): void {
    this.damage.report(blobOf(stored), foundSha256).catch((error: unknown) => {
      this.logger.error({ msg: 'Damaged bytes were not marked', blob: stored.blobKey, error });
    });
  }
}

async function* verified(
  { blobKey, size, sha256 }: HashedBytes,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let read = 0;
  for await (const piece of source) {
    hash.update(piece);
    read += piece.length;
    if (read === size) {
      const found = hash.digest('hex');
      if (found !== sha256) throw new OtherBytesError(blobKey, found);
    }
    yield piece;
  }
}

function blobOf({ blobKey, size, sha256 }: HashedBytes) {
  return { key: blobKey, size, sha256 };
}
