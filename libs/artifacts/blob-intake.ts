import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, IdSource } from '@foreman/kernel';
import { BlobRegistry } from './blob-registry';
import { BlobStore } from './blob-store';
import { DatabaseBlobStore } from './database-blob-store';
import { readHead, type UploadBody } from './upload-body';

/** A body of at most this many bytes is written by the transaction that records it: a group of these is soon written. */
const AT_ONCE_BYTES = 16_384;

/** Bytes that have all arrived, and how they become a blob, or do not. */
export interface ArrivedBytes {
  /** The blob's key, once it is kept. */
  readonly key: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** In the transaction that records what names the blob. */
  readonly keep: (tx: Tx) => Promise<void>;
  readonly letGo: (tx: Tx) => Promise<void>;
}

/** Takes a body in as a blob, whatever it will be: an artifact or an input. */
@Injectable()
export class BlobIntake {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly blobs: BlobRegistry,
    private readonly store: BlobStore,
    private readonly smallBlobs: DatabaseBlobStore,
  ) {}

  /**
   * Streams the body into the blob store, verifies it, and has `record` decide, in one transaction, what
   * becomes of it: it must keep it or let it go. `onFlow` is awaited with each piece. Durable when it resolves.
   * @throws `artifact.too_large`, `artifact.digest_mismatch`; whatever the body, `onFlow` or `record` throws.
   */
  async take<T>(
    body: UploadBody,
    onFlow: () => Promise<void>,
    record: (tx: Tx, bytes: ArrivedBytes) => Promise<T>,
  ): Promise<T> {
    const pieces = body.pieces(onFlow);
    try {
      const { head, rest } = await readHead(pieces, AT_ONCE_BYTES);
      if (rest !== null) return await this.takeStream(body, rest, record);
      const bytes = this.small(head, body.verifiedSha256());
      return await this.unitOfWork.run((tx) => record(tx, bytes));
    } finally {
      // Also where nobody came to read on: a body that is still held is never drained, and blocks its connection.
      await pieces.return(undefined);
    }
  }

  /** In chunks, each a bulk unit; registered before the first, so that the sweep knows of what dies half way. */
  private async takeStream<T>(
    body: UploadBody,
    pieces: AsyncIterable<Buffer>,
    record: (tx: Tx, bytes: ArrivedBytes) => Promise<T>,
  ): Promise<T> {
    const key = this.ids.uuid();
    try {
      await this.unitOfWork.run((tx) => this.blobs.open(tx, key, this.clock.now()));
      const size = await this.store.write(key, pieces);
      const bytes = this.written(key, size, body.verifiedSha256());
      return await this.unitOfWork.run((tx) => record(tx, bytes));
    } catch (error) {
      await this.abandon(key);
      throw error;
    }
  }

  private small(bytes: Buffer, sha256: string): ArrivedBytes {
    const key = this.ids.uuid();
    const keep = async (tx: Tx) => {
      await this.blobs.add(tx, key, bytes.length, this.clock.now());
      await this.smallBlobs.writeIn(tx, key, bytes);
    };
    return { key, size: bytes.length, sha256, keep, letGo: async () => undefined };
  }

  private written(key: string, size: number, sha256: string): ArrivedBytes {
    return {
      key,
      size,
      sha256,
      keep: (tx) => this.blobs.keep(tx, key, size),
      letGo: (tx) => this.blobs.release(tx, key, this.clock.now()),
    };
  }

  /** If even this fails, the sweep finds the blob later: it is registered. */
  private async abandon(key: string): Promise<void> {
    await this.unitOfWork
      .run((tx) => this.blobs.abandon(tx, key, this.clock.now()))
      .catch(() => undefined);
  }
}
