import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { IdSource } from '@foreman/kernel';
import { ArtifactEntity } from './artifact.entity';
import type { ArtifactRecord } from './artifact-record';
import { BlobRegistry } from './blob-registry';
import { UsageCounts } from './limits/usage-counts';
import { ArtifactTotals } from './stats/artifact-totals';

/** What an artifact is, before it has an id. */
export type NewArtifact = Pick<
  ArtifactRecord,
  'jobId' | 'taskId' | 'name' | 'contentType' | 'size' | 'sha256' | 'blobKey'
>;

/** The SQL of artifacts. A row and its blob always go together. */
@Injectable()
export class ArtifactStore {
  constructor(
    private readonly ids: IdSource,
    private readonly blobs: BlobRegistry,
    private readonly totals: ArtifactTotals,
    private readonly usage: UsageCounts,
  ) {}

  async staged(db: Queryable, taskId: string): Promise<ArtifactEntity[]> {
    return db.entities(ArtifactEntity, STAGED_OF_TASK, [taskId]);
  }

  async findStaged(db: Queryable, taskId: string, name: string): Promise<ArtifactEntity | null> {
    const [entity] = await db.entities(ArtifactEntity, FIND_STAGED, [taskId, name]);
    return entity ?? null;
  }

  async insertStaged(
    tx: Tx,
    artifact: NewArtifact,
    leaseToken: string,
    now: number,
  ): Promise<ArtifactRecord> {
    return this.insert(tx, artifact, { state: 'staged', leaseToken, publishedAt: null }, now);
  }

  /** Takes the place of what an earlier run of the job published under the name. */
  async insertPublished(tx: Tx, artifact: NewArtifact, now: number): Promise<ArtifactRecord> {
    await this.retire(tx, artifact.jobId, artifact.name, now);
    return this.insert(
      tx,
      artifact,
      { state: 'published', leaseToken: null, publishedAt: now },
      now,
    );
  }

  /** Makes a staged artifact visible under the job's name for it. */
  async publish(tx: Tx, staged: ArtifactEntity, publicName: string, now: number): Promise<void> {
    await this.retire(tx, staged.jobId, publicName, now);
    const published = await tx.execute(
      `UPDATE artifacts SET state = 'published', lease_token = NULL, name = ?, published_at = ?
       WHERE id = ? AND state = 'staged'`,
      [publicName, now, staged.id],
    );
    if (published === 0) return;
    const { jobId, size } = staged;
    await this.usage.published(tx, staged);
    await this.totals.removed(tx, { jobId, state: 'staged', size });
    await this.totals.added(tx, { jobId, state: 'published', size });
  }

  /** The same bytes under another type. */
  async retype(tx: Tx, id: string, contentType: string): Promise<void> {
    await tx.execute(`UPDATE artifacts SET content_type = ? WHERE id = ? AND state = 'staged'`, [
      contentType,
      id,
    ]);
  }

  /** Removes an artifact and lets its bytes go. */
  async remove(
    tx: Tx,
    artifact: Pick<ArtifactEntity, 'id' | 'blobKey'>,
    now: number,
  ): Promise<void> {
    const [removed] = await tx.query<RemovedRow>(REMOVE, [artifact.id]);
    if (removed !== undefined) {
      const { job_id: jobId, task_id: taskId, state, lease_token: leaseToken, size } = removed;
      await this.totals.removed(tx, { jobId, state, size });
      await this.usage.removed(tx, { jobId, taskId, leaseToken, size });
    }
    await this.blobs.release(tx, artifact.blobKey, now);
  }

  /** Removes what an earlier run of the job published under the name, if it did. */
  async retire(tx: Tx, jobId: string, name: string, now: number): Promise<void> {
    const [older] = await tx.entities(ArtifactEntity, FIND_PUBLISHED, [jobId, name]);
    if (older !== undefined) await this.remove(tx, older, now);
  }

  private async insert(
    tx: Tx,
    artifact: NewArtifact,
    standing: Pick<ArtifactEntity, 'state' | 'leaseToken' | 'publishedAt'>,
    now: number,
  ): Promise<ArtifactRecord> {
    const id = this.ids.uuid();
    await tx.insert('artifacts', {
      id,
      job_id: artifact.jobId,
      task_id: artifact.taskId,
      state: standing.state,
      lease_token: standing.leaseToken,
      name: artifact.name,
      content_type: artifact.contentType,
      size: artifact.size,
      sha256: artifact.sha256,
      blob_key: artifact.blobKey,
      created_at: now,
      published_at: standing.publishedAt,
    });
    const { jobId, taskId, size } = artifact;
    await this.totals.added(tx, { jobId, state: standing.state, size });
    await this.usage.added(tx, { jobId, taskId, leaseToken: standing.leaseToken, size });
    return { ...artifact, id, publishedAt: standing.publishedAt };
  }
}

interface RemovedRow {
  readonly job_id: string;
  readonly task_id: string | null;
  readonly lease_token: string | null;
  readonly state: ArtifactEntity['state'];
  readonly size: number;
}

const REMOVE = `
  DELETE FROM artifacts WHERE id = ? RETURNING job_id, task_id, state, lease_token, size`;

export const STAGED_OF_TASK = `
  SELECT * FROM artifacts WHERE task_id = ? AND state = 'staged' ORDER BY name`;

export const FIND_STAGED = `
  SELECT * FROM artifacts WHERE task_id = ? AND name = ? AND state = 'staged'`;

export const FIND_PUBLISHED = `
  SELECT * FROM artifacts WHERE job_id = ? AND name = ? AND state = 'published'`;
