import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { ResultColumns1764028800000 } from './1764028800000-result-columns';

const JOB = 'job-1';

/** The rows that are in the file when it is opened by a version that keeps them otherwise. */
describe('the migration to numbered row sets', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
    await undo();
    write();
  });
  afterEach(() => temporary.remove());

  const run = (sql: string, ...params: unknown[]) =>
    temporary.database.driver.prepare(sql).run(...params);
  const all = (sql: string) => temporary.database.driver.prepare(sql).raw().all();

  /** It, and what came after it. */
  async function undo(): Promise<void> {
    const { dataSource } = temporary.database;
    const { name } = new ResultColumns1764028800000();
    while (all(`SELECT 1 FROM schema_migrations WHERE name = '${name}'`).length > 0) {
      await dataSource.undoLastMigration({ transaction: 'each' });
    }
  }

  const redo = () => temporary.database.dataSource.runMigrations({ transaction: 'each' });

  function write(): void {
    run(
      `INSERT INTO jobs (id, kind, queue, status, priority, metadata, on_task_failure, max_attempts, lease_seconds,
         ttl_seconds, task_count, run, event_seq, created_at)
       VALUES (?, 'k', 'default', 'queued', 0, '{}', 'fail', 3, 60, 0, 3, 1, 0, 0)`,
      JOB,
    );
    for (const [index, rowSet, count] of [
      [0, 2, 2],
      [1, 0, 1],
      [2, 1, 0],
    ]) {
      run(
        `INSERT INTO tasks (id, job_id, task_index, kind, queue, priority, status, row_set, result_count,
           available_at, max_attempts, lease_seconds, attempt, burnt_attempts, returned_expiries, created_at)
         VALUES (?, ?, ?, 'k', 'default', 0, 'queued', ?, ?, 0, 3, 60, 0, 0, 0, 0)`,
        `task-${index}`,
        JOB,
        index,
        rowSet,
        count,
      );
    }
    const rows: [task: number, set: number, config: string][] = [
      [0, 0, 'a'],
      [1, 0, 'a'],
      [0, 2, 'a'],
      [2, 0, 'x'],
      [0, 2, 'b'],
    ];
    for (const [task, set, config] of rows) {
      run(
        `INSERT INTO result_rows (task_id, row_set, config_id, job_id, config, metrics)
         VALUES (?, ?, ?, ?, '{"n":9007199254740993}', '{}')`,
        `task-${task}`,
        set,
        config,
        JOB,
      );
    }
    run(`INSERT INTO discarded_row_sets (task_id, row_set) VALUES ('task-0', 0), ('task-2', 0)`);
  }

  const COUNTED = `SELECT tasks.task_index, result_rows.id, result_rows.config_id, result_rows.config
    FROM tasks JOIN result_rows ON result_rows.set_id = tasks.row_set_id ORDER BY 1, 2`;
  const CONFIG = '{"n":9007199254740993}';
  const EXPECTED = [
    [0, 3, 'a', CONFIG],
    [0, 5, 'b', CONFIG],
    [1, 2, 'a', CONFIG],
  ];

  it('keeps every row, and which of them count', async () => {
    await redo();
    expect(all(COUNTED)).toEqual(EXPECTED);
    expect(all('SELECT count(*) FROM result_rows')).toEqual([[5]]);
    expect(
      all(`SELECT row_sets.task_id, result_rows.id FROM row_sets
           JOIN result_rows ON result_rows.set_id = row_sets.id WHERE is_discarded = 1 ORDER BY 2`),
    ).toEqual([
      ['task-0', 1],
      ['task-2', 4],
    ]);
    expect(all(`SELECT row_set_id FROM tasks WHERE id = 'task-2'`)).toEqual([[null]]);
    expect(all('PRAGMA foreign_key_check')).toEqual([]);
  });

  it('gives no id again', async () => {
    await redo();
    run(`INSERT INTO row_sets (task_id, job_id) VALUES ('task-2', ?)`, JOB);
    run(
      `INSERT INTO result_rows (set_id, config_id, config, metrics) SELECT max(id), 'y', '{}', '{}' FROM row_sets`,
    );
    expect(all('SELECT max(id) FROM result_rows')).toEqual([[6]]);
  });

  it('can be undone and done again without losing any', async () => {
    await redo();
    await undo();
    expect(
      all(`SELECT tasks.task_index, result_rows.id FROM tasks JOIN result_rows
             ON result_rows.task_id = tasks.id AND result_rows.row_set = tasks.row_set ORDER BY 1, 2`),
    ).toEqual(EXPECTED.map(([task, id]) => [task, id]));
    expect(all('SELECT count(*) FROM discarded_row_sets')).toEqual([[2]]);
    await redo();
    expect(all(COUNTED)).toEqual(EXPECTED);
  });
});
