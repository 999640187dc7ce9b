import type { Queryable } from '@foreman/database';
import { isoTime } from '@foreman/kernel';

/** Tasks that are named; of the others it is told how many there are. */
const NAMED_LIMIT = 10;

interface StalledTask {
  readonly task_index: number;
  /** Epoch ms; when it last advanced. */
  readonly advanced_at: number;
}

/** Which tasks of a job are leased and stand still, since when; null when none does. */
export async function whyStalled(db: Queryable, jobId: string): Promise<string | null> {
  const named = await db.query<StalledTask>(NAMED, [jobId, NAMED_LIMIT]);
  if (named.length === 0) return null;
  const [all] = await db.query<{ count: number }>(COUNT, [jobId]);
  const tasks = named.map(
    (task) => `task ${task.task_index} since ${isoTime(Number(task.advanced_at))}`,
  );
  const others = Number(all?.count ?? 0) - named.length;
  if (others > 0) tasks.push(`${others} more`);
  return `Their edges call, and neither counters nor rows move: ${tasks.join(', ')}.`;
}

const OF_JOB = `FROM tasks WHERE job_id = ? AND status = 'leased' AND stalled_at IS NOT NULL`;

const NAMED = `
  SELECT task_index, stalled_at - stall_seconds * 1000 AS advanced_at ${OF_JOB}
  ORDER BY task_index LIMIT ?`;

const COUNT = `SELECT count(*) AS count ${OF_JOB}`;
