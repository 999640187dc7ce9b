import { Injectable } from '@nestjs/common';
import type { SqlValue, Tx } from '@foreman/database';
import type { TaskEntity } from '@foreman/jobs';
import type { CheckedRow } from '../result-row';
import { RowSets } from './row-sets';

/** Rows in one INSERT: a few prepared texts serve all batches, at a third of the cost of single rows. */
const ROWS_A_STATEMENT = 50;

/** The writing SQL of result rows. */
@Injectable()
export class ResultRowStore {
  constructor(private readonly sets: RowSets) {}

  /**
   * Writes rows to the task's present row set, and keeps the task's count of them exact. A row that
   * is there with this `configId` is replaced, and not written at all if it is the same.
   * @param task as the fence answered it in this transaction.
   * @returns how many rows of the task count now.
   */
  async upsert(tx: Tx, task: TaskEntity, rows: readonly CheckedRow[]): Promise<number> {
    if (rows.length === 0) return task.resultCount;
    const setId = await this.sets.currentOf(tx, task);
    const latest = [...new Map(rows.map((row) => [row.configId, row])).values()];
    let inserted = 0;
    for (let start = 0; start < latest.length;) {
      const isWhole = latest.length - start >= ROWS_A_STATEMENT;
      const part = latest.slice(start, start + (isWhole ? ROWS_A_STATEMENT : 1));
      inserted += await this.upsertPart(tx, setId, part);
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

  private async upsertPart(tx: Tx, setId: number, part: readonly CheckedRow[]): Promise<number> {
    const params = part.flatMap((row): SqlValue[] => [
      setId,
      row.configId,
      row.config,
      row.metrics,
    ]);
    const inserted = await tx.execute(part.length === 1 ? INSERT_ONE : INSERT_MANY, params);
    if (inserted === part.length) return inserted;
    for (const { config, metrics, configId } of part) {
      await tx.execute(REPLACE_CHANGED, [config, metrics, setId, configId, config, metrics]);
    }
    return inserted;
  }
}

function insertOf(rows: number): string {
  const marks = Array.from({ length: rows }, () => '(?, ?, ?, ?)').join(', ');
  return `
    INSERT INTO result_rows (set_id, config_id, config, metrics) VALUES ${marks}
    ON CONFLICT (set_id, config_id) DO NOTHING`;
}

const INSERT_ONE = insertOf(1);
const INSERT_MANY = insertOf(ROWS_A_STATEMENT);

export const REPLACE_CHANGED = `
  UPDATE result_rows SET config = ?, metrics = ?
  WHERE set_id = ? AND config_id = ? AND (config <> ? OR metrics <> ?)`;
