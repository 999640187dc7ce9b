import { Injectable } from '@nestjs/common';
import { isLeaseKeyUsed, rememberLeaseKey, type LeaseCall } from '@foreman/access';
import { ReadConnection, UnitOfWork, type Tx } from '@foreman/database';
import { LeaseFence, type LeaseClaim, type TaskEntity } from '@foreman/jobs';
import { Clock } from '@foreman/kernel';
import { checkArtifactName } from './artifact-name';
import { artifactRecord, type ArtifactRecord } from './artifact-record';
import { ArtifactStore } from './artifact.store';
import { ArtifactsSettings } from './artifacts.options';
import { BlobIntake, type ArrivedBytes } from './blob-intake';
import { ArtifactLimits } from './limits/artifact-limits';
import type { StagingPlace } from './limits/artifact-usage';
import { artifactLimit } from './limits/size-limit';
import { UploadsUnderWay } from './limits/uploads-under-way';
import { checkMediaType } from './media-type';
import { SoundBlobs } from './scrub/sound-blobs';
import { UploadBody, type ExpectedDigests } from './upload-body';

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
  /**
   * One for each upload of the name under the lease, and for its repeats. Null: a copy that comes late is taken as a
   * new upload.
   */
  readonly idempotencyKey?: string | null;
}

export interface UploadedArtifact {
  readonly artifact: ArtifactRecord;
  /**
   * False when these very bytes were staged under this name already, and not found damaged since; and for the repeat
   * of an upload that others have replaced: then the artifact is what is staged now.
   */
  readonly isNew: boolean;
}

/** Takes artifacts in from edges (seed 000's deferred upload). */
@Injectable()
export class ArtifactUploads {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly artifacts: ArtifactStore,
    private readonly intake: BlobIntake,
    private readonly limits: ArtifactLimits,
    private readonly underWay: UploadsUnderWay,
    private readonly sound: SoundBlobs,
    private readonly settings: ArtifactsSettings,
  ) {}

  /**
   * Streams the body into the blob store and stages it until the task completes. The lease is held
   * against the fence before the first byte and after the last, and extended in between. Other bytes
   * under the name replace the staged ones, which stay as long as the new ones are not in. Durable when it resolves.
   * @throws `request.invalid`, `task.not_found`, `lease.lost`, `artifact.too_large`,
   * `artifact.digest_mismatch`; `idempotency.conflict` for the key of other bytes; `rate.limited` when the lease has
   * too many under way; `server.busy` when a newer upload of the name takes its place; whatever `body` throws.
   */
  async put(upload: ArtifactUpload): Promise<UploadedArtifact> {
    checkArtifactName(upload.name);
    checkMediaType(upload.contentType);
    const task = await this.unitOfWork.run((tx) => this.fence.hold(tx, this.claim(upload)));
    // Beside the writers: what is judged here is judged again when the bytes have come.
    const place = placeOf(upload, task);
    const isRepeat = await isLeaseKeyUsed(this.reads, callOf(upload, task));
    const limit = isRepeat
      ? artifactLimit(this.settings.maxBytes)
      : await this.limits.room(this.reads, place);
    // A repeat has a place of its own: it must not drive a newer upload of the name out.
    const way = isRepeat ? { ...place, name: `${place.name} again` } : place;
    return this.underWay.ofLease(way, upload.body, (flowing) => {
      const body = new UploadBody(flowing, upload.digests ?? {}, limit);
      return this.intake.take(body, this.leaseKeeper(upload), (tx, bytes) =>
        this.stage(tx, upload, bytes),
      );
    });
  }

  private async stage(
    tx: Tx,
    upload: ArtifactUpload,
    bytes: ArrivedBytes,
  ): Promise<UploadedArtifact> {
    const claim = this.claim(upload);
    const task = await this.fence.holdStarted(tx, claim);
    const call = callOf(upload, task);
    const isRepeat = await isLeaseKeyUsed(tx, call, bytes.sha256);
    if (!isRepeat) await rememberLeaseKey(tx, call, bytes.sha256);
    const staged = await this.artifacts.findStaged(tx, task.id, upload.name);
    if (
      staged?.leaseToken === upload.leaseToken &&
      // What was found damaged is to come again, whatever its key.
      (staged.sha256 === bytes.sha256 ? !(await this.sound.isMarked(tx, staged.blobKey)) : isRepeat)
    ) {
      await bytes.letGo(tx);
      if (isRepeat) return { artifact: artifactRecord(staged), isNew: false };
      await this.artifacts.retype(tx, staged.id, upload.contentType);
      const artifact = { ...artifactRecord(staged), contentType: upload.contentType };
      return { artifact, isNew: false };
    }
    // Another upload may have taken the room meanwhile.
    await this.limits.assertRoom(tx, placeOf(upload, task), bytes.size);
    if (staged !== null) await this.artifacts.remove(tx, staged, claim.now);
    await bytes.keep(tx);
    const artifact = await this.artifacts.insertStaged(
      tx,
      {
        jobId: task.jobId,
        taskId: task.id,
        name: upload.name,
        contentType: upload.contentType,
        size: bytes.size,
        sha256: bytes.sha256,
        blobKey: bytes.key,
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

  private claim(upload: ArtifactUpload): LeaseClaim {
    const { taskId, edgeId, leaseToken } = upload;
    return { taskId, edgeId, leaseToken, now: this.clock.now() };
  }
}

function callOf({ name, idempotencyKey: key }: ArtifactUpload, task: TaskEntity): LeaseCall {
  return { task, call: `artifacts/${name}`, key };
}

function placeOf(
  upload: ArtifactUpload,
  task: Pick<TaskEntity, 'jobId' | 'taskIndex'>,
): StagingPlace {
  const { taskId, leaseToken, name } = upload;
  return { jobId: task.jobId, taskId, taskIndex: task.taskIndex, leaseToken, name };
}
