import BetterSqlite3 from 'better-sqlite3';
import { ownCpu } from '../measure/cpu-meter';
import type { Sample } from '../measure/sample';
import { rowTexts } from './strategy-rows';

const ROWS_A_TRANSACTION = 5000;

/** An empty copy of what the gateway has made: same tables, same indexes, same settings. */
export async function copyOf(databaseFile: string, copy: string): Promise<void> {
  const source = new BetterSqlite3(databaseFile, { readonly: true });
  await source.backup(copy);
  source.close();
}

/** The rows into the gateway's own table, with nothing but the driver; the making of their texts is not counted. */
export function insertBare(databaseFile: string, jobId: string, count: number): Sample {
  const db = new BetterSqlite3(databaseFile);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('wal_autocheckpoint = 1000');
  const task = db.prepare('SELECT id FROM tasks WHERE job_id = ?').pluck().get(jobId);
  const set = db.prepare('INSERT INTO row_sets (task_id, job_id) VALUES (?, ?)').run(task, jobId);
  const insert = db.prepare(
    'INSERT INTO result_rows (set_id, config_id, config, metrics) VALUES (?, ?, ?, ?)',
  );
  let elapsedMs = 0;
  let cpuSeconds = 0;
  for (let start = 0; start < count; start += ROWS_A_TRANSACTION) {
    const size = Math.min(ROWS_A_TRANSACTION, count - start);
    const rows = Array.from({ length: size }, (_, index) => rowTexts(start + index));
    const cpuBefore = ownCpu() ?? 0;
    const startedMs = performance.now();
    db.exec('BEGIN IMMEDIATE');
    for (const { configId, config, metrics } of rows) {
      insert.run(set.lastInsertRowid, configId, config, metrics);
    }
    db.exec('COMMIT');
    elapsedMs += performance.now() - startedMs;
    cpuSeconds += (ownCpu() ?? 0) - cpuBefore;
  }
  db.close();
  return { perSecond: (count * 1000) / elapsedMs, cpuSeconds };
}
