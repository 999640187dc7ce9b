import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { LeaseFence } from '@foreman/jobs';
import { Clock, DomainError, invalidField } from '@foreman/kernel';
import { checkArtifactName } from '../artifact-name';
import { ArtifactUploads, type UploadedArtifact } from '../artifact-uploads';
import { ArtifactsSettings } from '../artifacts.options';
import { ArtifactLimits } from '../limits/artifact-limits';
import { tooLarge } from '../limits/size-limit';
import { checkMediaType } from '../media-type';
import type { ExpectedDigests } from '../upload-body';
import { exactly } from './exact-size';
import {
  readUploadClaims,
  uploadUrlClaims,
  type CalledUpload,
  type UploadClaims,
} from './upload-claims';
import { expiryOf, type IssuedUrl } from './url-lifetime';
import { UrlSigner } from './url-signer';

/** What an edge asks a URL for. */
export interface UploadUrlRequest {
  readonly taskId: string;
  readonly edgeId: string;
  readonly leaseToken: string;
  readonly name: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** Hex; the bytes that come must have it. */
  readonly sha256?: string;
  readonly expiresSeconds?: number;
}

/** A called URL whose signature held, and the key that held it. */
export interface OpenUpload {
  readonly claims: UploadClaims;
  readonly keyId: string;
}

interface LeaseRow {
  readonly edge_id: string;
  readonly lease_token: string;
}

/** URLs by which an artifact is uploaded without the edge's bearer token, while the lease lives. */
@Injectable()
export class UploadUrls {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly fence: LeaseFence,
    private readonly uploads: ArtifactUploads,
    private readonly limits: ArtifactLimits,
    private readonly signer: UrlSigner,
    private readonly clock: Clock,
    private readonly settings: ArtifactsSettings,
  ) {}

  /**
   * For one name, type and size (and digest, if given) under this lease, which the call extends as any other. What
   * has no room now is refused now; nothing is kept free for the bytes, which are judged again when they come.
   * @throws `request.invalid`, `artifact.too_large`, `lease.lost`, `task.not_found`.
   */
  async issue(request: UploadUrlRequest): Promise<IssuedUrl> {
    this.checkPromise(request);
    const { taskId, edgeId, leaseToken, name, contentType, size, sha256 } = request;
    const { task, expiresAt } = await this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      return {
        expiresAt: expiryOf(request.expiresSeconds, now),
        task: await this.fence.hold(tx, { taskId, edgeId, leaseToken, now }),
      };
    });
    const { jobId, taskIndex } = task;
    await this.limits.assertRoom(this.reads, { jobId, taskId, taskIndex, leaseToken, name }, size);
    const claims: UploadClaims = {
      taskId,
      name,
      attempt: task.attempt,
      leaseMark: this.signer.leaseMark(leaseToken),
      contentType,
      size,
      sha256: sha256?.toLowerCase() ?? null,
    };
    return { url: this.signer.sign(uploadUrlClaims(claims, expiresAt)), expiresAt };
  }

  /** Judges a called URL by itself: neither the body nor the database is read. @throws `auth.forbidden` */
  open(called: CalledUpload): OpenUpload {
    const { claims, url, seal } = readUploadClaims(called);
    this.signer.check(url, seal, this.clock.now());
    return { claims, keyId: seal.key };
  }

  /**
   * Takes the body in as `ArtifactUploads.put` does, fenced at its start and its end by the lease that the URL was
   * made for. Its keys are the lease's, whichever way its uploads come. @throws as that; `request.invalid` for a body of
   * another size.
   */
  async put(
    { claims, keyId }: OpenUpload,
    body: AsyncIterable<Buffer>,
    digests: ExpectedDigests = {},
    idempotencyKey: string | null = null,
  ): Promise<UploadedArtifact> {
    const { taskId, name, contentType, size, sha256 } = claims;
    const lease = await this.leaseOf(claims, keyId);
    const promised = sha256 === null ? {} : { sha256: Buffer.from(sha256, 'hex') };
    if (digests.sha256 !== undefined && promised.sha256?.equals(digests.sha256) === false) {
      throw invalidField('Repr-Digest', 'is another sha-256 than the URL was made for');
    }
    return this.uploads.put({
      taskId,
      edgeId: lease.edge_id,
      leaseToken: lease.lease_token,
      name,
      contentType,
      body: exactly(size, body),
      digests: { ...digests, ...promised },
      idempotencyKey,
    });
  }

  private checkPromise({ name, contentType, size, sha256 }: UploadUrlRequest): void {
    checkArtifactName(name);
    checkMediaType(contentType, 'contentType');
    if (!Number.isSafeInteger(size) || size < 0) {
      throw invalidField('size', 'must be a whole number of bytes');
    }
    if (size > this.settings.maxBytes) throw tooLarge(this.settings.maxBytes);
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
      throw invalidField('sha256', 'must be 64 hexadecimal digits');
    }
  }

  private async leaseOf(claims: UploadClaims, keyId: string): Promise<LeaseRow> {
    const { taskId, attempt, leaseMark } = claims;
    const [lease] = await this.reads.query<LeaseRow>(FIND_LEASE, [taskId, attempt]);
    if (lease !== undefined) {
      const mark = Buffer.from(this.signer.leaseMark(lease.lease_token, keyId));
      const claimed = Buffer.from(leaseMark);
      if (mark.length === claimed.length && timingSafeEqual(mark, claimed)) return lease;
    }
    const [task] = await this.reads.query(FIND_TASK, [taskId]);
    if (task === undefined) {
      throw new DomainError('task.not_found', `There is no task ${taskId} any more.`);
    }
    const over = 'The lease that this URL was made for is over.';
    throw new DomainError('lease.lost', over, { task });
  }
}

const FIND_LEASE = 'SELECT edge_id, lease_token FROM attempts WHERE task_id = ? AND number = ?';

const FIND_TASK = 'SELECT id, status, attempt FROM tasks WHERE id = ?';
