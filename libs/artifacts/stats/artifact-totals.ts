import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import type { ArtifactState } from '../artifact.entity';

/** An artifact as the totals see it. */
export interface CountedArtifact {
  readonly jobId: string;
  readonly state: ArtifactState;
  /** Stored bytes. */
  readonly size: number;
}

/**
 * Keeps the figures of stored artifacts, each change in the transaction of what it counts: they are exact
 * after any crash, and reading them costs a few rows. A job's kind and queue never change.
 */
@Injectable()
export class ArtifactTotals {
  async added(tx: Tx, artifact: CountedArtifact): Promise<void> {
    await this.change(tx, artifact, 1);
  }

  async removed(tx: Tx, artifact: CountedArtifact): Promise<void> {
    await this.change(tx, artifact, -1);
  }

  /** Forgets kinds and queues of which nothing is left: their names come from outside, without an end. */
  async dropEmpty(tx: Tx): Promise<void> {
    await tx.execute('DELETE FROM artifact_totals WHERE artifacts = 0');
  }

  private async change(
    tx: Tx,
    { jobId, state, size }: CountedArtifact,
    sign: 1 | -1,
  ): Promise<void> {
    await tx.execute(CHANGE, [state, sign, sign * size, jobId]);
  }
}

export const CHANGE = `
  INSERT INTO artifact_totals (kind, queue, state, artifacts, bytes)
    SELECT kind, queue, ?, CAST(? AS bigint), CAST(? AS bigint) FROM jobs WHERE id = ?
  ON CONFLICT (kind, queue, state) DO UPDATE SET
    artifacts = artifact_totals.artifacts + excluded.artifacts,
    bytes = artifact_totals.bytes + excluded.bytes`;
