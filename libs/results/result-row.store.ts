import { Injectable } from '@nestjs/common';
import type { SqlValue, Tx } from '@foreman/database';
import type { TaskEntity } from '@foreman/jobs';
import type { CheckedRow } from './result-row';

/** Rows in one INSERT: a few prepared texts serve all batches, at a third of the cost of single rows. */
const ROWS_A_STATEMENT = 50;

/** The writing SQL of result rows. */
@Injectable()
export class ResultRowStore {
  /**
   * Writes rows under the task's present row set, and keeps the task's count of them exact. A row that
   * is there with this `configId` is replaced, and not written at all if it is the same.
   * @returns how many rows of the task count now.
   */
  async upsert(tx: Tx, task: TaskEntity, rows: readonly CheckedRow[]): Promise<number> {
    const latest = [...new Map(rows.map((row) => [row.configId, row])).values()];
    let inserted = 0;
    for (let start = 0; start < latest.length;) {
      const isWhole = latest.length - start >= ROWS_A_STATEMENT;
      const part = latest.slice(start, start + (isWhole ? ROWS_A_STATEMENT : 1));
      inserted += await this.upsertPart(tx, task, part);
      start += part.length;
    }
    if (inserted === 0) return task.resultCount;
    await tx.execute('UPDATE tasks SET result_count = result_count + ? WHERE id = ?', [
      inserted,
      task.id,
    ]);
    return task.resultCount + inserted;
  }

  async setFolder(tx: Tx, taskId: string, folder: string): Promise<void> {
    await tx.execute('UPDATE tasks SET result_folder = ? WHERE id = ?', [folder, taskId]);
  }

  private async upsertPart(tx: Tx, task: TaskEntity, part: readonly CheckedRow[]): Promise<number> {
    const params = part.flatMap((row): SqlValue[] => [
      task.id,
      task.rowSet,
      row.configId,
      task.jobId,
      row.config,
      row.metrics,
    ]);
    const inserted = await tx.execute(part.length === 1 ? INSERT_ONE : INSERT_MANY, params);
    if (inserted === part.length) return inserted;
    for (const { config, metrics, configId } of part) {
      const key: SqlValue[] = [task.id, task.rowSet, configId];
      await tx.execute(REPLACE_CHANGED, [config, metrics, ...key, config, metrics]);
    }
    return inserted;
  }
}

function insertOf(rows: number): string {
  const marks = Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?)').join(', ');
  return `
    INSERT INTO result_rows (task_id, row_set, config_id, job_id, config, metrics) VALUES ${marks}
    ON CONFLICT (task_id, row_set, config_id) DO NOTHING`;
}

const INSERT_ONE = insertOf(1);
const INSERT_MANY = insertOf(ROWS_A_STATEMENT);

export const REPLACE_CHANGED = `
  UPDATE result_rows SET config = ?, metrics = ?
  WHERE task_id = ? AND row_set = ? AND config_id = ? AND (config <> ? OR metrics <> ?)`;
