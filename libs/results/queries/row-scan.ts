import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { MetricColumns, type MetricSlice, type RowScope } from '../columns/metric-columns';
import { columnValue } from '../columns/metric-chunk';
import type { MetricValue } from '../result-row';
import { isContradiction, metRows, type RowFilter } from './row-filter';

/** Some rows of one task, and which of them are meant. */
export interface ScannedRows {
  readonly slice: MetricSlice;
  /** 1 for a row that meets the filter, 0 for one that does not; null: all of them do. */
  readonly met: Uint8Array | null;
}

/** Rows whose metrics are parsed at once, where the index of ids has found them. */
const ROWS_A_STATEMENT = 100;

/** Goes through the metrics of a job's rows that count, by task index and then in the order of arrival. */
@Injectable()
export class RowScan {
  constructor(private readonly columns: MetricColumns) {}

  /** @param metrics what is wanted beside what the filter looks at. */
  async *rows(
    db: Queryable,
    jobId: string,
    filter: RowFilter,
    metrics: readonly string[],
    upToRowId: number,
  ): AsyncGenerator<ScannedRows> {
    if (isContradiction(filter)) return;
    const names = [...new Set([...filter.metrics.map(({ metric }) => metric), ...metrics])];
    const [configId] = filter.configIds;
    const scope = scopeOf(jobId, filter);
    const slices =
      configId === undefined
        ? this.columns.read(db, scope, names, upToRowId)
        : rowsOfConfig(db, { jobId, configId, upToRowId }, names);
    for await (const slice of slices) {
      if (scope.taskIndex !== null && slice.taskIndex !== scope.taskIndex) continue;
      const met = metRows(slice, filter.metrics);
      if (met === null || met.includes(1)) yield { slice, met };
    }
  }
}

/** The columns of other tasks are not read. */
export function scopeOf(jobId: string, { taskIndexes: [taskIndex] }: RowFilter): RowScope {
  return { jobId, taskIndex: taskIndex ?? null };
}

interface ConfigOfJob {
  readonly jobId: string;
  readonly configId: string;
  readonly upToRowId: number;
}

/** One row of each task at most: found by the ids' own index, whatever the job's size. */
async function* rowsOfConfig(
  db: Queryable,
  { jobId, configId, upToRowId }: ConfigOfJob,
  names: readonly string[],
): AsyncGenerator<MetricSlice> {
  let afterTask = -1;
  for (;;) {
    const found = await db.query<RowOfConfig>(ROWS_OF_CONFIG, [
      configId,
      jobId,
      afterTask,
      upToRowId,
      ROWS_A_STATEMENT,
    ]);
    for (const { id, set_id: setId, task_index: taskIndex, metrics } of found) {
      const parsed = JSON.parse(metrics) as Readonly<Record<string, MetricValue>>;
      const values = names.map((name): [string, Float64Array] => [
        name,
        Float64Array.of(columnValue(Object.hasOwn(parsed, name) ? parsed[name] : null)),
      ]);
      yield { setId, taskIndex, rowIds: Float64Array.of(id), values: new Map(values) };
    }
    if (found.length < ROWS_A_STATEMENT) return;
    afterTask = found.at(-1)?.task_index ?? afterTask;
    await new Promise(setImmediate);
  }
}

interface RowOfConfig {
  readonly id: number;
  readonly set_id: number;
  readonly task_index: number;
  readonly metrics: string;
}

export const ROWS_OF_CONFIG = `
  SELECT r.id, r.set_id, t.task_index, r.metrics
  FROM tasks t JOIN result_rows r ON r.set_id = t.row_set_id AND r.config_id = ?
  WHERE t.job_id = ? AND t.task_index > ? AND r.id <= ?
  ORDER BY t.task_index LIMIT ?`;
