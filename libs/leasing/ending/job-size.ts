import type { Queryable } from '@foreman/database';

/** Whether a job has a single task: then its task's artifacts keep their names (contract). */
export async function isOnlyTask(db: Queryable, jobId: string): Promise<boolean> {
  const [job] = await db.query<{ task_count: number }>('SELECT task_count FROM jobs WHERE id = ?', [
    jobId,
  ]);
  return job?.task_count === 1;
}
