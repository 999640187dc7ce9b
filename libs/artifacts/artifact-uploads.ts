import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { LeaseFence, type LeaseClaim } from '@foreman/jobs';
import { Clock, IdSource } from '@foreman/kernel';
import { checkArtifactName } from './artifact-name';
import { artifactRecord, type ArtifactRecord } from './artifact-record';
import { ArtifactStore } from './artifact.store';
import { ArtifactsSettings } from './artifacts.options';
import { BlobRegistry } from './blob-registry';
import { BlobStore } from './blob-store';
import { DatabaseBlobStore } from './database-blob-store';
import { checkMediaType } from './media-type';
import { UploadBody, readHead, type ExpectedDigests } from './upload-body';

export interface ArtifactUpload {
  readonly taskId: string;
  readonly edgeId: string;
  readonly leaseToken: string;
  readonly name: string;
  readonly contentType: string;
  /**
   * Read only after the lease was found alive, and not to its end when the upload is refused: a
   * server that wants to answer then must pass an iterator that leaves its connection open.
   */
  readonly body: AsyncIterable<Buffer>;
  readonly digests?: ExpectedDigests;
}

export interface UploadedArtifact {
  readonly artifact: ArtifactRecord;
  /** False when these very bytes were staged under this name already. */
  readonly isNew: boolean;
}

/** An upload of at most this many bytes is written by the transaction that stages it: a group of these is soon written. */
const AT_ONCE_BYTES = 16_384;

/** Bytes that have all arrived, and how they become a blob, or do not. */
interface ArrivedBytes {
  readonly size: number;
  readonly sha256: string;
  /** Answers the blob's key. */
  readonly keep: (tx: Tx) => Promise<string>;
  readonly letGo: (tx: Tx) => Promise<void>;
}

/** Takes artifacts in from edges (seed 000's deferred upload). */
@Injectable()
export class ArtifactUploads {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly fence: LeaseFence,
    private readonly artifacts: ArtifactStore,
    private readonly blobs: BlobRegistry,
    private readonly store: BlobStore,
    private readonly smallBlobs: DatabaseBlobStore,
    private readonly settings: ArtifactsSettings,
  ) {}

  /**
   * Streams the body into the blob store and stages it until the task completes. The lease is held
   * against the fence before the first byte and after the last, and extended in between. Other bytes
   * under the name replace the staged ones. Durable when it resolves.
   * @throws `request.invalid`, `task.not_found`, `lease.lost`, `artifact.too_large`,
   * `artifact.digest_mismatch`; whatever `body` throws.
   */
  async put(upload: ArtifactUpload): Promise<UploadedArtifact> {
    checkArtifactName(upload.name);
    checkMediaType(upload.contentType);
    await this.unitOfWork.run((tx) => this.fence.hold(tx, this.claim(upload)));
    const body = new UploadBody(upload.body, upload.digests ?? {}, this.settings.maxBytes);
    const { head, rest } = await readHead(body.pieces(this.leaseKeeper(upload)), AT_ONCE_BYTES);
    if (rest !== null) return this.putStream(upload, body, rest);
    const bytes = this.small(head, body.verifiedSha256());
    return this.unitOfWork.run((tx) => this.stage(tx, upload, bytes));
  }

  /** In chunks, each a bulk unit; registered before the first, so that the sweep knows of what dies half way. */
  private async putStream(
    upload: ArtifactUpload,
    body: UploadBody,
    pieces: AsyncIterable<Buffer>,
  ): Promise<UploadedArtifact> {
    const key = this.ids.uuid();
    const now = this.clock.now();
    try {
      await this.unitOfWork.run((tx) => this.blobs.open(tx, key, now));
      const size = await this.store.write(key, pieces);
      const bytes = this.written(key, size, body.verifiedSha256());
      return await this.unitOfWork.run((tx) => this.stage(tx, upload, bytes));
    } catch (error) {
      await this.abandon(key);
      throw error;
    }
  }

  private small(bytes: Buffer, sha256: string): ArrivedBytes {
    const keep = async (tx: Tx) => {
      const key = this.ids.uuid();
      await this.blobs.add(tx, key, bytes.length, this.clock.now());
      await this.smallBlobs.writeIn(tx, key, bytes);
      return key;
    };
    return { size: bytes.length, sha256, keep, letGo: async () => undefined };
  }

  private written(key: string, size: number, sha256: string): ArrivedBytes {
    const keep = async (tx: Tx) => {
      await this.blobs.keep(tx, key, size);
      return key;
    };
    return { size, sha256, keep, letGo: (tx) => this.blobs.release(tx, key, this.clock.now()) };
  }

  private async stage(
    tx: Tx,
    upload: ArtifactUpload,
    bytes: ArrivedBytes,
  ): Promise<UploadedArtifact> {
    const claim = this.claim(upload);
    const task = await this.fence.holdStarted(tx, claim);
    const staged = await this.artifacts.findStaged(tx, task.id, upload.name);
    if (staged?.leaseToken === upload.leaseToken && staged.sha256 === bytes.sha256) {
      await bytes.letGo(tx);
      await this.artifacts.retype(tx, staged.id, upload.contentType);
      const artifact = { ...artifactRecord(staged), contentType: upload.contentType };
      return { artifact, isNew: false };
    }
    if (staged !== null) await this.artifacts.remove(tx, staged, claim.now);
    const artifact = await this.artifacts.insertStaged(
      tx,
      {
        jobId: task.jobId,
        taskId: task.id,
        name: upload.name,
        contentType: upload.contentType,
        size: bytes.size,
        sha256: bytes.sha256,
        blobKey: await bytes.keep(tx),
      },
      upload.leaseToken,
      claim.now,
    );
    return { artifact, isNew: true };
  }

  /** A streamed body extends its lease while it flows (contract), but not with every packet. */
  private leaseKeeper(upload: ArtifactUpload): () => Promise<void> {
    let extendedAt = this.clock.monotonicMs();
    return async () => {
      const now = this.clock.monotonicMs();
      if (now - extendedAt < this.settings.leaseExtensionMs) return;
      extendedAt = now;
      await this.unitOfWork.run((tx) => this.fence.hold(tx, this.claim(upload)));
    };
  }

  /** If even this fails, the sweep finds the blob later: it is registered. */
  private async abandon(key: string): Promise<void> {
    const now = this.clock.now();
    await this.unitOfWork.run((tx) => this.blobs.release(tx, key, now)).catch(() => undefined);
  }

  private claim(upload: ArtifactUpload): LeaseClaim {
    const { taskId, edgeId, leaseToken } = upload;
    return { taskId, edgeId, leaseToken, now: this.clock.now() };
  }
}
