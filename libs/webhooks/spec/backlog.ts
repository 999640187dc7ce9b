import { Database } from '@foreman/database';
import type { WebhookLab } from './webhook-lab';

export interface Backlog {
  readonly lane: string;
  readonly endpointId: string;
  readonly count: number;
  /** Of all of them; null: the first at 0, the next at 1, and so on. */
  readonly dueAt: number | null;
}

const NUMBERS = 'WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)';

/** Writes deliveries that are owed, each of an event of its own, in one commit; none is marked as due yet. */
export function writeBacklogs(lab: WebhookLab, backlogs: readonly Backlog[]): void {
  const { driver } = lab.app.get(Database);
  const message = driver.prepare(
    `${NUMBERS} INSERT INTO webhook_messages (event_id, job_id, type, run, seq, job, artifacts, created_at)
     SELECT ? || printf(' %05d', i), 'job', 'job.completed', 1, 1, '{}', '[]', i FROM n`,
  );
  const delivery = driver.prepare(
    `${NUMBERS} INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count,
       schedule_step, next_attempt_at, created_at)
     SELECT ? || printf(' %05d', i), ? || printf(' %05d', i), ?, 'job', ?, 'pending', 0, 0,
       coalesce(?, i), i FROM n`,
  );
  driver.transaction(() => {
    for (const { lane, endpointId, count, dueAt } of backlogs) {
      message.run(count, lane);
      delivery.run(count, lane, lane, endpointId, lane, dueAt);
    }
  })();
}
