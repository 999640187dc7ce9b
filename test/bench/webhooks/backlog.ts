import Database from 'better-sqlite3';

export interface OwedTo {
  readonly endpointId: string;
  readonly url: string;
  readonly deliveries: number;
}

const NUMBERS = 'WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)';

/** Writes deliveries that are due, each of an event of its own, into the file of a gateway that is not running. */
export function writeBacklog(file: string, owed: readonly OwedTo[]): void {
  const database = new Database(file);
  try {
    const message = database.prepare(
      `${NUMBERS} INSERT INTO webhook_messages (event_id, job_id, type, run, seq, job, artifacts, created_at)
       SELECT ? || '-' || i, 'bench', 'job.completed', 1, 3, ?, '[]', i FROM n`,
    );
    const delivery = database.prepare(
      `${NUMBERS} INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count,
         schedule_step, next_attempt_at, is_due, created_at)
       SELECT ? || '-' || i, ? || '-' || i, ?, 'bench', ?, 'pending', 0, 0, i, 1, i FROM n`,
    );
    const job = JSON.stringify({ id: 'bench', kind: 'bench', status: 'completed', metadata: {} });
    database.transaction(() => {
      for (const { endpointId, url, deliveries } of owed) {
        const lane = `${new URL(url).host} ${endpointId}`;
        message.run(deliveries, endpointId, job);
        delivery.run(deliveries, endpointId, endpointId, endpointId, lane);
      }
    })();
  } finally {
    database.close();
  }
}
