import { Injectable } from '@nestjs/common';
import type { SqlValue, Tx } from '@foreman/database';
import type { TaskEntity } from '@foreman/jobs';
import type { MetricRow } from '../columns/metric-chunk';
import { FOLDED_TAIL_ROWS, MetricFolding } from '../columns/metric-folding';
import type { CheckedRow } from '../result-row';
import { RowSets, type CurrentSet } from './row-sets';

/** Rows in one INSERT: a few prepared texts serve all batches, at a third of the cost of single rows. */
const ROWS_A_STATEMENT = 50;

/** The writing SQL of result rows, and of the metric columns beside them. */
@Injectable()
export class ResultRowStore {
  constructor(
    private readonly sets: RowSets,
    private readonly folding: MetricFolding,
  ) {}

  /**
   * Writes rows to the task's present row set, and keeps the task's count of them exact. A row that
   * is there with this `configId` is replaced, and not written at all if it is the same.
   * @param task as the fence answered it in this transaction.
   * @returns how many rows of the task count now.
   */
  async upsert(tx: Tx, task: TaskEntity, rows: readonly CheckedRow[]): Promise<number> {
    if (rows.length === 0) return task.resultCount;
    const set = await this.sets.currentOf(tx, task);
    const latest = [...new Map(rows.map((row) => [row.configId, row])).values()];
    const { inserted, replaced } = await this.write(tx, set.id, latest);
    if (replaced.length > 0) await this.folding.patch(tx, set.id, replaced);
    if (inserted === 0) return task.resultCount;
    await tx.execute('UPDATE tasks SET result_count = result_count + ? WHERE id = ?', [
      inserted,
      task.id,
    ]);
    const tailRows = task.resultCount - set.foldedRows;
    if (tailRows + inserted >= FOLDED_TAIL_ROWS) {
      if (tailRows === 0 && inserted === latest.length) await this.foldNew(tx, set, latest);
      else await this.folding.foldTail(tx, set.id);
    }
    return task.resultCount + inserted;
  }

  async setFolder(tx: Tx, taskId: string, folder: string): Promise<void> {
    await tx.execute('UPDATE tasks SET result_folder = ? WHERE id = ?', [folder, taskId]);
  }

  private async write(tx: Tx, setId: number, rows: readonly CheckedRow[]): Promise<WrittenRows> {
    let inserted = 0;
    const replaced: MetricRow[] = [];
    for (let start = 0; start < rows.length;) {
      const isWhole = rows.length - start >= ROWS_A_STATEMENT;
      const part = rows.slice(start, start + (isWhole ? ROWS_A_STATEMENT : 1));
      const added = await tx.execute(isWhole ? INSERT_MANY : INSERT_ONE, valuesOf(setId, part));
      if (added < part.length) replaced.push(...(await this.replace(tx, setId, part)));
      inserted += added;
      start += part.length;
    }
    return { inserted, replaced };
  }

  /** Those of the rows that are not as they are stored. */
  private async replace(
    tx: Tx,
    setId: number,
    rows: readonly CheckedRow[],
  ): Promise<readonly MetricRow[]> {
    const replaced: MetricRow[] = [];
    for (const { configId, config, metrics } of rows) {
      const params = [config, metrics, setId, configId, config, metrics];
      const [changed] = await tx.query<{ id: number }>(REPLACE_CHANGED, params);
      if (changed === undefined) continue;
      replaced.push({ id: changed.id, metrics: JSON.parse(metrics) as MetricRow['metrics'] });
    }
    return replaced;
  }

  /** The rows just inserted, which need not be read back; their ids are in the order of the rows. */
  private async foldNew(tx: Tx, set: CurrentSet, rows: readonly CheckedRow[]): Promise<void> {
    const ids = await this.newIds(tx, set);
    if (ids.length !== rows.length) throw new Error('Rows that were inserted are not there');
    const added = metricsOf(rows).map((metrics, index): MetricRow => {
      const id = ids[index];
      if (id === undefined) throw new Error('A row that was inserted has no id');
      return { id, metrics };
    });
    await this.folding.fold(tx, set.id, added);
  }

  /** Mostly there is no gap among them: then their first and last tell them all. */
  private async newIds(tx: Tx, set: CurrentSet): Promise<readonly number[]> {
    const [span] = await tx.query<{ first: number | null; last: number; rows: number }>(NEW_SPAN, [
      set.id,
      set.foldedThrough,
    ]);
    const { first, last, rows } = span ?? { first: null, last: 0, rows: 0 };
    if (first !== null && last - first + 1 === rows) {
      return Array.from({ length: rows }, (_, index) => first + index);
    }
    const ids = await tx.query<{ id: number }>(NEW_IDS, [set.id, set.foldedThrough]);
    return ids.map(({ id }) => id);
  }
}

interface WrittenRows {
  readonly inserted: number;
  readonly replaced: readonly MetricRow[];
}

/** Parsed as one list, which is a third faster than one by one. */
function metricsOf(rows: readonly CheckedRow[]): MetricRow['metrics'][] {
  return JSON.parse(`[${rows.map(({ metrics }) => metrics).join()}]`) as MetricRow['metrics'][];
}

function valuesOf(setId: number, rows: readonly CheckedRow[]): SqlValue[] {
  const values: SqlValue[] = [];
  for (const row of rows) values.push(setId, row.configId, row.config, row.metrics);
  return values;
}

function insertOf(rows: number): string {
  const marks = Array<string>(rows).fill('(?, ?, ?, ?)').join(', ');
  return `
    INSERT INTO result_rows (set_id, config_id, config, metrics) VALUES ${marks}
    ON CONFLICT (set_id, config_id) DO NOTHING`;
}

const INSERT_ONE = insertOf(1);
const INSERT_MANY = insertOf(ROWS_A_STATEMENT);

export const REPLACE_CHANGED = `
  UPDATE result_rows SET config = ?, metrics = ?
  WHERE set_id = ? AND config_id = ? AND (config <> ? OR metrics <> ?) RETURNING id`;

export const NEW_SPAN = `
  SELECT min(id) AS first, max(id) AS last, count(*) AS rows FROM result_rows WHERE set_id = ? AND id > ?`;

export const NEW_IDS = 'SELECT id FROM result_rows WHERE set_id = ? AND id > ? ORDER BY id';
