import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a key can have made. */
const HOLDERS = ['jobs', 'api_keys', 'enrolments', 'webhook_endpoints', 'releases', 'inputs'];

/** Nothing that is asked for often costs more for what is kept: docs/adr/0025-flat-costs.md tells how. */
const LISTS = [
  `CREATE INDEX jobs_by_kind ON jobs (kind, created_at, id) WHERE hidden_at IS NULL`,
  `CREATE INDEX jobs_by_queue ON jobs (queue, created_at, id) WHERE hidden_at IS NULL`,
  `CREATE INDEX late_writes_of_edge ON late_writes (edge_id, created_at, id)`,
  `CREATE INDEX queues_paused ON queues (name) WHERE is_paused = 1`,
  `CREATE INDEX edges_seen ON edges (last_seen_at) WHERE revoked_at IS NULL`,
  `CREATE INDEX edges_former_name ON edges (name, revoked_at) WHERE revoked_at IS NOT NULL`,

  // Jobs of which an edge has held a task, in the order of the lists of jobs. In the place of an index that only served
  // the question whether it has held one task: of a task there are few attempts.
  `DROP INDEX attempts_by_edge`,
  `CREATE TABLE edge_jobs (
    edge_id text NOT NULL,
    created_at integer NOT NULL,
    job_id text NOT NULL,
    PRIMARY KEY (edge_id, created_at, job_id)
  ) WITHOUT ROWID`,
  `INSERT INTO edge_jobs (edge_id, created_at, job_id)
     SELECT DISTINCT attempts.edge_id, tasks.created_at, tasks.job_id
     FROM attempts JOIN tasks ON tasks.id = attempts.task_id`,
  `CREATE TRIGGER edge_jobs_noted AFTER INSERT ON attempts BEGIN
    INSERT OR IGNORE INTO edge_jobs (edge_id, created_at, job_id)
      SELECT NEW.edge_id, created_at, job_id FROM tasks WHERE id = NEW.task_id;
  END`,
];

/** Finalized rows that are not hidden, by status; what is open is counted in its index. */
const TOTALS = [
  `CREATE TABLE job_totals (status text PRIMARY KEY NOT NULL, jobs integer NOT NULL)`,
  `INSERT INTO job_totals (status, jobs) VALUES ('completed', 0), ('failed', 0), ('cancelled', 0)`,
  `UPDATE job_totals SET jobs =
     (SELECT count(*) FROM jobs WHERE jobs.status = job_totals.status AND hidden_at IS NULL)`,
  ...countedBy(
    'jobs',
    'job_totals',
    'status, hidden_at',
    (row) => `${row}.finalized_at IS NOT NULL AND ${row}.hidden_at IS NULL`,
  ),
  `CREATE TABLE delivery_totals (status text PRIMARY KEY NOT NULL, deliveries integer NOT NULL)`,
  `INSERT INTO delivery_totals (status, deliveries)
     VALUES ('delivered', 0), ('exhausted', 0), ('superseded', 0), ('disabled', 0)`,
  `UPDATE delivery_totals SET deliveries =
     (SELECT count(*) FROM deliveries WHERE deliveries.status = delivery_totals.status)`,
  ...countedBy(
    'deliveries',
    'delivery_totals',
    'status',
    (row) => `${row}.finished_at IS NOT NULL`,
  ),
];

/** A key that is kept for something that lives names it, and is looked at again when that is gone. */
const KEYS = [
  `ALTER TABLE idempotency_keys ADD COLUMN holder_id text`,
  `DROP INDEX idempotency_keys_age`,
  `CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at) WHERE holder_id IS NULL`,
  `CREATE INDEX idempotency_keys_held ON idempotency_keys (holder_id) WHERE holder_id IS NOT NULL`,
  ...HOLDERS.map(
    (table) => `CREATE TRIGGER ${table}_let_keys_go AFTER DELETE ON ${table} BEGIN
    UPDATE idempotency_keys SET holder_id = NULL WHERE holder_id = OLD.id;
  END`,
  ),
];

const DOWN = [
  ...HOLDERS.map((table) => `DROP TRIGGER ${table}_let_keys_go`),
  `DROP INDEX idempotency_keys_held`,
  `DROP INDEX idempotency_keys_age`,
  `CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)`,
  `ALTER TABLE idempotency_keys DROP COLUMN holder_id`,
  ...['jobs', 'deliveries'].flatMap((table) => [
    `DROP TRIGGER ${table}_counted_new`,
    `DROP TRIGGER ${table}_counted_in`,
    `DROP TRIGGER ${table}_counted_out`,
    `DROP TRIGGER ${table}_counted_gone`,
  ]),
  `DROP TABLE delivery_totals`,
  `DROP TABLE job_totals`,
  `DROP TRIGGER edge_jobs_noted`,
  `DROP TABLE edge_jobs`,
  `CREATE INDEX attempts_by_edge ON attempts (edge_id, task_id)`,
  `DROP INDEX edges_former_name`,
  `DROP INDEX edges_seen`,
  `DROP INDEX queues_paused`,
  `DROP INDEX late_writes_of_edge`,
  `DROP INDEX jobs_by_queue`,
  `DROP INDEX jobs_by_kind`,
];

/** Keeps \`totals\` at how many rows of \`table\` there are of each status for which \`condition\` holds. */
function countedBy(
  table: string,
  totals: string,
  columns: string,
  condition: (row: 'NEW' | 'OLD') => string,
): string[] {
  const trigger = (name: string, event: string, row: 'NEW' | 'OLD') => `
  CREATE TRIGGER ${table}_counted_${name} AFTER ${event} ON ${table} WHEN ${condition(row)} BEGIN
    UPDATE ${totals} SET ${table} = ${table} ${row === 'NEW' ? '+' : '-'} 1 WHERE status = ${row}.status;
  END`;
  return [
    trigger('new', 'INSERT', 'NEW'),
    trigger('in', `UPDATE OF ${columns}`, 'NEW'),
    trigger('out', `UPDATE OF ${columns}`, 'OLD'),
    trigger('gone', 'DELETE', 'OLD'),
  ];
}

export class FlatCosts1764720000000 implements MigrationInterface {
  readonly name = 'FlatCosts1764720000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...LISTS, ...TOTALS, ...KEYS]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
