import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { DueDeliveries1764547200001 } from './1764547200001-due-deliveries';

const INDEXES = `
  SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'deliveries_due%' ORDER BY name`;
const ROWS = `
  SELECT id, host, status, attempt_count, schedule_step, urls_only, next_attempt_at, claimed_until,
    created_at, finished_at FROM deliveries ORDER BY id`;

const AS_RELEASED_BEFORE = [
  [
    'deliveries_due',
    `CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending'`,
  ],
  [
    'deliveries_due_by_host',
    `CREATE INDEX deliveries_due_by_host ON deliveries (host, next_attempt_at, id) WHERE status = 'pending'`,
  ],
];

/** Deliveries in the file when it is opened by a version that marks what is due, and when it goes back. */
describe('the migration to due deliveries', () => {
  let temporary: TemporaryDatabase;

  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
    await undo();
    run(`INSERT INTO webhook_messages VALUES ('e', 'j', 'job.completed', 1, 1, '{}', '[]', 0)`);
    for (const id of ['due', 'later', 'claimed', 'delivered', 'disabled']) {
      run(`INSERT INTO webhook_endpoints (id, job_id, url, events, secret_sealed, created_at)
           VALUES ('${id}', NULL, 'https://a.example/', '[]', 's', 0)`);
    }
    owe('due', `'pending', 0, 0, 0, 1000, NULL, 1000, NULL`);
    owe('later', `'pending', 2, 1, 1, 9000, NULL, 1001, NULL`);
    owe('claimed', `'pending', 1, 1, 0, 1500, 21500, 1002, NULL`);
    owe('delivered', `'delivered', 1, 0, 0, NULL, NULL, 1003, 1100`);
    owe('disabled', `'disabled', 3, 3, 0, NULL, NULL, 1004, 1200`);
  });

  afterEach(() => temporary.remove());

  const run = (sql: string) => temporary.database.driver.exec(sql);
  const all = (sql: string) => temporary.database.driver.prepare(sql).raw().all();
  const redo = () => temporary.database.dataSource.runMigrations({ transaction: 'each' });
  const planOf = (sql: string) => JSON.stringify(all(`EXPLAIN QUERY PLAN ${sql}`));

  async function undo(): Promise<void> {
    const { name } = new DueDeliveries1764547200001();
    while (all(`SELECT 1 FROM schema_migrations WHERE name = '${name}'`).length > 0) {
      await temporary.database.dataSource.undoLastMigration({ transaction: 'each' });
    }
  }

  function owe(id: string, values: string): void {
    run(`INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count, schedule_step,
           urls_only, next_attempt_at, claimed_until, created_at, finished_at)
         VALUES ('${id}', 'e', '${id}', 'j', '${id}.example:443', ${values})`);
  }

  it('keeps every delivery as it is, none of them marked: claims find out what is due', async () => {
    const before = all(ROWS);
    expect(before).toHaveLength(5);
    await redo();
    expect(all(ROWS)).toEqual(before);
    expect(all('SELECT DISTINCT is_due FROM deliveries')).toEqual([[0]]);
    expect(all('PRAGMA foreign_key_check')).toEqual([]);
    expect(all('PRAGMA integrity_check')).toEqual([['ok']]);
  });

  it('has both indexes of what is owed, the marked and the others, and they are used', async () => {
    await redo();
    const unmarked = 'SELECT id FROM deliveries WHERE is_due = 0 AND next_attempt_at <= 2000';
    expect(planOf(unmarked)).toContain('INDEX deliveries_due (');
    expect(all(`${unmarked} ORDER BY next_attempt_at`)).toEqual([['due'], ['claimed']]);
    run(`UPDATE deliveries SET is_due = 1 WHERE id IN ('due', 'claimed')`);
    expect(all(unmarked)).toEqual([]);
    const marked = `SELECT id FROM deliveries WHERE next_attempt_at IS NOT NULL AND is_due = 1 AND host > ''`;
    expect(planOf(marked)).toContain('INDEX deliveries_due_by_host (');
    expect(all(`${marked} ORDER BY host`)).toEqual([['claimed'], ['due']]);
    expect(() => run('UPDATE deliveries SET is_due = 2')).toThrow(/CHECK/);
  });

  it('goes back with what was marked, and forth again, losing nothing', async () => {
    const before = all(ROWS);
    const indexes = all(INDEXES);
    expect(indexes).toEqual(AS_RELEASED_BEFORE);
    await redo();
    run(`UPDATE deliveries SET is_due = 1 WHERE status = 'pending'`);
    const after = all(INDEXES);
    expect(after).not.toEqual(indexes);
    await undo();
    expect(all(ROWS)).toEqual(before);
    expect(all(INDEXES)).toEqual(indexes);
    expect(() => all('SELECT is_due FROM deliveries')).toThrow(/no such column/);
    await redo();
    expect(all(ROWS)).toEqual(before);
    expect(all(INDEXES)).toEqual(after);
    expect(all('SELECT DISTINCT is_due FROM deliveries')).toEqual([[0]]);
  });
});
