import { Injectable, Logger } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { DomainError, sha256Hex } from '@foreman/kernel';
import type { ArtifactRecord } from '../artifact-record';
import { BlobStore } from '../blob-store';
import { ScrubStore } from './scrub.store';

/** Keeps bytes that are not what came from being served under their digest. */
@Injectable()
export class SoundBlobs {
  private readonly logger = new Logger(SoundBlobs.name);

  constructor(
    private readonly store: BlobStore,
    private readonly marks: ScrubStore,
  ) {}

  /** @throws `artifact.corrupt` for bytes that the scrub has found so. */
  async assertSound(
    db: Queryable,
    stored: Pick<ArtifactRecord, 'blobKey' | 'name'>,
  ): Promise<void> {
    if (!(await this.marks.isCorrupt(db, stored.blobKey))) return;
    throw new DomainError(
      'artifact.corrupt',
      `The stored bytes of ${stored.name} are damaged: they are not served. Run the job again, or restore a backup.`,
    );
  }

  /** A small one whole, hashed as it is read; null when any of it is gone or is not what came. */
  async readWhole(
    stored: Pick<ArtifactRecord, 'blobKey' | 'size' | 'sha256'>,
  ): Promise<Buffer | null> {
    const bytes = await this.store.readWhole(stored.blobKey, stored.size);
    if (bytes === null || sha256Hex(bytes) === stored.sha256) return bytes;
    this.logger.error({ msg: 'Stored bytes are corrupt', blob: stored.blobKey });
    return null;
  }
}
