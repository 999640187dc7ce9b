import { Injectable } from '@nestjs/common';
import { sqlList, type Tx } from '@foreman/database';
import { ArtifactEntity } from './artifact.entity';
import { ArtifactStore } from './artifact.store';

export interface RemovedArtifacts {
  readonly artifacts: number;
  readonly bytes: number;
}

/** The artifacts' part of removing jobs. */
@Injectable()
export class ArtifactRemoval {
  constructor(private readonly artifacts: ArtifactStore) {}

  /** Removes at most `limit` artifacts of these jobs and releases their blobs; fewer than `limit` says that none is left. */
  async removeBatch(
    tx: Tx,
    jobIds: readonly string[],
    limit: number,
    now: number,
  ): Promise<RemovedArtifacts> {
    const { marks, params } = sqlList(jobIds);
    const batch = await tx.entities(
      ArtifactEntity,
      `SELECT * FROM artifacts WHERE job_id IN (${marks}) LIMIT ?`,
      [...params, limit],
    );
    let bytes = 0;
    for (const artifact of batch) {
      await this.artifacts.remove(tx, artifact, now);
      bytes += artifact.size;
    }
    return { artifacts: batch.length, bytes };
  }
}
