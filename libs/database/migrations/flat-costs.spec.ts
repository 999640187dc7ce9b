import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { FlatCosts1764720000000 } from './1764720000000-flat-costs';

describe('what the migration to flat costs counts and notes', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
  });
  afterEach(() => temporary.remove());

  const run = (sql: string) => temporary.database.driver.exec(sql);
  const all = (sql: string) => temporary.database.driver.prepare(sql).raw().all();

  const STATES = {
    queued: 'NULL, NULL, NULL',
    running: '1, NULL, NULL',
    completed: '1, 2, NULL',
    failed: `1, 2, 'x'`,
    cancelled: 'NULL, 2, NULL',
  };

  function writeJob(id: string, status: keyof typeof STATES, hiddenAt = 'NULL'): void {
    run(`INSERT INTO jobs (id, kind, queue, priority, metadata, on_task_failure, max_attempts, lease_seconds,
           ttl_seconds, task_count, run, event_seq, created_at, status, started_at, finalized_at, error_code, hidden_at)
         VALUES ('${id}', 'k', 'q', 0, '{}', 'fail', 3, 60, 0, 1, 1, 1, 7, '${status}', ${STATES[status]}, ${hiddenAt})`);
  }
  function writeAttempt(jobId: string, number: number, edge: string): void {
    run(`INSERT OR IGNORE INTO tasks (id, job_id, task_index, kind, queue, priority, status, available_at, max_attempts,
           lease_seconds, attempt, burnt_attempts, returned_expiries, created_at)
         VALUES ('t${jobId}', '${jobId}', 0, 'k', 'q', 0, 'queued', 0, 3, 60, 0, 0, 0, 7);
         INSERT INTO attempts (task_id, number, edge_id, lease_token, leased_at)
         VALUES ('t${jobId}', ${number}, '${edge}', 'l${jobId}${number}', 0)`);
  }
  function writeDelivery(id: string, status: string): void {
    run(`INSERT OR IGNORE INTO webhook_endpoints (id, url, events, secret_sealed, created_at)
           VALUES ('e', 'u', '[]', 's', 0);
         INSERT INTO webhook_messages (event_id, job_id, type, run, seq, job, artifacts, created_at)
           VALUES ('${id}', 'j', 't', 1, 1, '{}', '[]', 0);
         INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count, schedule_step,
           next_attempt_at, created_at, finished_at)
         VALUES ('${id}', '${id}', 'e', 'j', 'h', '${status}', 0, 0,
           ${status === 'pending' ? '1, 0, NULL' : 'NULL, 0, 1'})`);
  }

  const counted = () => [
    all('SELECT status, jobs FROM job_totals WHERE jobs <> 0 ORDER BY status'),
    all('SELECT status, deliveries FROM delivery_totals WHERE deliveries <> 0 ORDER BY status'),
  ];
  /** What there is, read from end to end. */
  const there = () => [
    all(`SELECT status, count(*) FROM jobs WHERE finalized_at IS NOT NULL AND hidden_at IS NULL
         GROUP BY status ORDER BY status`),
    all(`SELECT status, count(*) FROM deliveries WHERE finished_at IS NOT NULL
         GROUP BY status ORDER BY status`),
  ];

  it('is what is in the file already', async () => {
    const { name } = new FlatCosts1764720000000();
    while (all(`SELECT 1 FROM schema_migrations WHERE name = '${name}'`).length > 0) {
      await temporary.database.dataSource.undoLastMigration({ transaction: 'each' });
    }
    writeJob('a', 'completed');
    writeJob('b', 'completed');
    writeJob('c', 'failed');
    writeJob('d', 'cancelled', '5');
    writeJob('e', 'running');
    writeAttempt('e', 1, 'edge 1');
    writeAttempt('e', 2, 'edge 2');
    writeAttempt('e', 3, 'edge 1');
    writeDelivery('x', 'pending');
    writeDelivery('y', 'delivered');
    await temporary.database.dataSource.runMigrations({ transaction: 'each' });
    expect(counted()).toEqual([
      [
        ['completed', 2],
        ['failed', 1],
      ],
      [['delivered', 1]],
    ]);
    expect(all('SELECT * FROM edge_jobs ORDER BY edge_id')).toEqual([
      ['edge 1', 7, 'e'],
      ['edge 2', 7, 'e'],
    ]);
  });

  it('stays right through everything that befalls a job', () => {
    for (const status of Object.keys(STATES) as (keyof typeof STATES)[]) {
      writeJob(`${status} 1`, status);
      writeJob(`${status} 2`, status, '5');
      expect(counted()).toEqual(there());
    }
    for (const change of [
      `UPDATE jobs SET status = 'completed', finalized_at = 3 WHERE id = 'running 1'`,
      `UPDATE jobs SET status = 'queued', started_at = NULL, finalized_at = NULL WHERE id = 'cancelled 1'`,
      `UPDATE jobs SET status = 'cancelled', finalized_at = 4 WHERE status = 'queued'`,
      `UPDATE jobs SET hidden_at = 9 WHERE finalized_at IS NOT NULL AND id LIKE '% 1'`,
      `UPDATE jobs SET hidden_at = NULL WHERE id = 'failed 2'`,
      `UPDATE jobs SET is_pinned = 1`,
      `DELETE FROM jobs WHERE id LIKE '%ed 2'`,
    ]) {
      run(change);
      expect([change, counted()]).toEqual([change, there()]);
    }
  });

  it('stays right through everything that befalls a delivery', () => {
    for (const status of ['pending', 'delivered', 'exhausted', 'superseded', 'disabled']) {
      writeDelivery(`${status} 1`, status);
      writeDelivery(`${status} 2`, status);
      expect(counted()).toEqual(there());
    }
    for (const change of [
      `UPDATE deliveries SET status = 'exhausted', next_attempt_at = NULL, finished_at = 3 WHERE status = 'pending'`,
      `UPDATE deliveries SET status = 'pending', next_attempt_at = 3, finished_at = NULL WHERE status = 'disabled'`,
      `UPDATE deliveries SET attempt_count = 4`,
      `DELETE FROM deliveries WHERE id LIKE '% 1'`,
      `DELETE FROM deliveries`,
    ]) {
      run(change);
      expect([change, counted()]).toEqual([change, there()]);
    }
  });
});
