import type BetterSqlite3 from 'better-sqlite3';

const NUMBERS = 'WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)';

/** Of each hundred one has failed, of each five thousand one is of the rare kind; half are of a kind and a queue that never meet. */
const JOB = `
  SELECT printf('01900000-0000-7000-8000-%012x', i),
    CASE WHEN i % 5000 = 3 THEN 'rare' WHEN i % 2 = 0 THEN 'even' ELSE 'other' END,
    CASE WHEN i % 100 = 51 THEN 'queue-' || i WHEN i % 2 = 1 THEN 'odd' ELSE 'default' END,
    CASE WHEN i % 100 = 7 THEN 'failed' ELSE 'completed' END, 0, '{}', 'fail', 3, 60, 604800, 1, 1, 3,
    CASE WHEN i % 100 = 7 THEN 'bench' END, i, i, i, 8e15 FROM n`;

const KEPT = [
  `${NUMBERS} INSERT INTO jobs (id, kind, queue, status, priority, metadata, on_task_failure, max_attempts,
     lease_seconds, ttl_seconds, task_count, run, event_seq, error_code, created_at, started_at, finalized_at,
     expires_at) ${JOB}`,
  `INSERT OR IGNORE INTO queues (name, weight, is_paused, created_at) SELECT DISTINCT queue, 1, 0, 0 FROM jobs`,
  `INSERT INTO tasks (id, job_id, task_index, kind, queue, priority, status, available_at, max_attempts,
     lease_seconds, attempt, burnt_attempts, returned_expiries, error_code, created_at, finalized_at)
   SELECT 't' || id, id, 0, kind, queue, 0, status, created_at, 3, 60, 1, 0, 0, error_code, created_at, finalized_at
   FROM jobs`,
  `INSERT INTO attempts (task_id, number, edge_id, lease_token, leased_at, ended_at, outcome)
   SELECT 't' || id, 1, 'edge-' || CASE WHEN created_at % 5000 = 9 THEN 'rare' ELSE created_at % 16 END, 'l' || id, 0, 1,
     CASE status WHEN 'failed' THEN 'failed' ELSE 'completed' END FROM jobs`,
  `INSERT INTO webhook_endpoints (id, url, events, secret_sealed, created_at) VALUES ('standing', 'https://hooks.example/', '[]', 's', 0)`,
  `INSERT INTO webhook_messages (event_id, job_id, type, run, seq, job, artifacts, created_at)
   SELECT id, id, 'job.completed', 1, 3, '{}', '[]', created_at FROM jobs`,
  `INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count, schedule_step,
     created_at, finished_at)
   SELECT id, id, 'standing', id, 'h', CASE WHEN created_at % 1000 = 13 THEN 'exhausted' ELSE 'delivered' END, 1, 0,
     created_at, created_at FROM jobs`,
  `INSERT INTO idempotency_keys (credential_id, path, idempotency_key, body_sha256, answer, created_at)
   SELECT 'bench', '/jobs', id, 'x', id, created_at FROM jobs`,
];

/** Finalized jobs as they are kept, with what each leaves in the tables that lists and counters are about. */
export function writeKeptJobs(database: BetterSqlite3.Database, count: number): void {
  database.transaction(() => {
    for (const sql of KEPT) {
      const statement = database.prepare(sql);
      if (sql.includes('?')) statement.run(count);
      else statement.run();
    }
  })();
}
