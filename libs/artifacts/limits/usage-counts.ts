import { Injectable } from '@nestjs/common';
import type { SqlValue, Tx } from '@foreman/database';
import type { ArtifactEntity } from '../artifact.entity';

/** An artifact as its job's and its lease's counts see it. */
export type UsedArtifact = Pick<ArtifactEntity, 'jobId' | 'taskId' | 'leaseToken' | 'size'>;

/**
 * Keeps how much each job has and each lease has staged, each change in the transaction of what it counts. Exact
 * after any crash; what `artifact-usage.ts` reads. A count that comes to nothing leaves no row.
 */
@Injectable()
export class UsageCounts {
  async added(tx: Tx, artifact: UsedArtifact): Promise<void> {
    await tx.execute(ADD_TO_JOB, [artifact.jobId, artifact.size]);
    const lease = leaseOf(artifact);
    if (lease !== null) await tx.execute(ADD_TO_LEASE, [...lease, artifact.size]);
  }

  async removed(tx: Tx, artifact: UsedArtifact): Promise<void> {
    await tx.execute(TAKE_FROM_JOB, [artifact.size, artifact.jobId]);
    await tx.execute(DROP_JOB, [artifact.jobId]);
    await this.unstaged(tx, artifact);
  }

  /** It stays in its job, and is its lease's no more. */
  async published(tx: Tx, staged: UsedArtifact): Promise<void> {
    await this.unstaged(tx, staged);
  }

  private async unstaged(tx: Tx, artifact: UsedArtifact): Promise<void> {
    const lease = leaseOf(artifact);
    if (lease === null) return;
    await tx.execute(TAKE_FROM_LEASE, [artifact.size, ...lease]);
    await tx.execute(DROP_LEASE, lease);
  }
}

/** Null for what is published. */
function leaseOf({ taskId, leaseToken }: UsedArtifact): SqlValue[] | null {
  return taskId === null || leaseToken === null ? null : [taskId, leaseToken];
}

const ADD_TO_JOB = `
  INSERT INTO job_artifact_usage (job_id, artifacts, bytes) VALUES (?, 1, ?)
  ON CONFLICT (job_id) DO UPDATE SET
    artifacts = job_artifact_usage.artifacts + 1, bytes = job_artifact_usage.bytes + excluded.bytes`;

const TAKE_FROM_JOB = `
  UPDATE job_artifact_usage SET artifacts = artifacts - 1, bytes = bytes - ? WHERE job_id = ?`;

const DROP_JOB = 'DELETE FROM job_artifact_usage WHERE job_id = ? AND artifacts = 0';

const ADD_TO_LEASE = `
  INSERT INTO lease_artifact_usage (task_id, lease_token, artifacts, bytes) VALUES (?, ?, 1, ?)
  ON CONFLICT (task_id, lease_token) DO UPDATE SET
    artifacts = lease_artifact_usage.artifacts + 1,
    bytes = lease_artifact_usage.bytes + excluded.bytes`;

const TAKE_FROM_LEASE = `
  UPDATE lease_artifact_usage SET artifacts = artifacts - 1, bytes = bytes - ?
  WHERE task_id = ? AND lease_token = ?`;

const DROP_LEASE = `
  DELETE FROM lease_artifact_usage WHERE task_id = ? AND lease_token = ? AND artifacts = 0`;
