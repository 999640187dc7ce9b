import type { Queryable } from '@foreman/database';
import { DomainError, isUuid } from '@foreman/kernel';
import { JobEntity } from './job.entity';

/** A job that is still visible, or null. A malformed id is like an unknown one. */
export async function findJob(db: Queryable, jobId: string): Promise<JobEntity | null> {
  if (!isUuid(jobId)) return null;
  const [job] = await db.entities(
    JobEntity,
    'SELECT * FROM jobs WHERE id = ? AND hidden_at IS NULL',
    [jobId],
  );
  return job ?? null;
}

/** @throws `job.not_found`. */
export async function getJob(db: Queryable, jobId: string): Promise<JobEntity> {
  const job = await findJob(db, jobId);
  if (job === null) throw jobNotFound(jobId);
  return job;
}

export function jobNotFound(jobId: string): DomainError {
  return new DomainError('job.not_found', `There is no job ${jobId}.`);
}
