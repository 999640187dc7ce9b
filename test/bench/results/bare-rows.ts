import BetterSqlite3 from 'better-sqlite3';
import type { RowTexts } from './strategy-rows';

const ROWS_A_TRANSACTION = 5000;

/** An empty copy of what the gateway has made: same tables, same indexes, same settings. */
export async function copyOf(databaseFile: string, copy: string): Promise<void> {
  const source = new BetterSqlite3(databaseFile, { readonly: true });
  await source.backup(copy);
  source.close();
}

/** Puts rows into the gateway's own table, with nothing but the driver. */
export class BareRows {
  private readonly db: BetterSqlite3.Database;
  private readonly insert: BetterSqlite3.Statement;
  private readonly setId: number | bigint;

  constructor(databaseFile: string, jobId: string) {
    this.db = new BetterSqlite3(databaseFile);
    this.db.pragma('journal_mode = WAL');
    this.db.pragma('synchronous = FULL');
    this.db.pragma('foreign_keys = ON');
    this.db.pragma('wal_autocheckpoint = 1000');
    const task = this.db.prepare('SELECT id FROM tasks WHERE job_id = ?').pluck().get(jobId);
    const newSet = this.db.prepare('INSERT INTO row_sets (task_id, job_id) VALUES (?, ?)');
    this.setId = newSet.run(task, jobId).lastInsertRowid;
    this.insert = this.db.prepare(
      'INSERT INTO result_rows (set_id, config_id, config, metrics) VALUES (?, ?, ?, ?)',
    );
  }

  /** A statement for each. */
  store(texts: readonly RowTexts[]): void {
    for (let start = 0; start < texts.length; start += ROWS_A_TRANSACTION) {
      this.db.exec('BEGIN IMMEDIATE');
      for (const { configId, config, metrics } of texts.slice(start, start + ROWS_A_TRANSACTION)) {
        this.insert.run(this.setId, configId, config, metrics);
      }
      this.db.exec('COMMIT');
    }
  }

  close(): void {
    this.db.close();
  }
}
