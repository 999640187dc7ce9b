import { Injectable } from '@nestjs/common';
import { sqlList, type Queryable } from '@foreman/database';
import { columnValue } from './metric-chunk';
import { chunkPages, rowPages, type ParsedRow, type StoredChunk } from './stored-columns';

/** Some rows of one set that follow each other, column by column. */
export interface MetricSlice {
  readonly setId: number;
  readonly taskIndex: number;
  /** Ascending, which is the order of arrival; one at least. */
  readonly rowIds: Float64Array;
  /** Every metric that was asked for, a number a row: booleans are 1 and 0, null or no such metric is NaN. */
  readonly values: ReadonlyMap<string, Float64Array>;
}

/** Whose rows are meant: those of one task, or (null) of all that the job has. */
export interface RowScope {
  readonly jobId: string;
  readonly taskIndex: number | null;
}

interface SetOfTask {
  readonly setId: number;
  readonly taskIndex: number;
}

/** Reads metrics of very many rows without parsing their JSON, but for what no column holds (ADR-0018). */
@Injectable()
export class MetricColumns {
  /**
   * These metrics of the scope's rows that count, up to that row id, by task index and then in the order
   * of arrival. In short statements, with a turn of the event loop for others after each, so rows that
   * are replaced meanwhile are seen as they were or as they are. Which set of each task counts is seen
   * once, at the beginning.
   */
  async *read(
    db: Queryable,
    scope: RowScope,
    metrics: readonly string[],
    upToRowId: number,
  ): AsyncGenerator<MetricSlice> {
    const names = [...new Set(metrics)];
    for (const set of await setsOf(db, scope)) {
      let lastRowId = 0;
      for await (const chunks of chunkPages(db, set.setId, names, upToRowId)) {
        for (const chunk of chunks) {
          yield await sliceOfChunk(db, set, chunk, names, upToRowId);
          lastRowId = chunk.rowIds.at(-1) ?? lastRowId;
        }
      }
      for await (const rows of rowPages(db, set.setId, lastRowId, upToRowId)) {
        yield sliceOfRows(set, rows, names);
      }
      await new Promise(setImmediate);
    }
  }

  /**
   * The names of the metrics that `read` may find values of, a few at a time and with repeats. A name
   * whose last value was replaced, or came after that row, can be among them.
   */
  async *names(
    db: Queryable,
    scope: RowScope,
    upToRowId: number,
  ): AsyncGenerator<readonly string[]> {
    for (const { setId } of await setsOf(db, scope)) {
      let lastRowId = 0;
      for await (const chunks of chunkPages(db, setId, [], upToRowId)) {
        const ids = chunks.map(({ id }) => id);
        const { marks, params } = sqlList(ids);
        const found = await db.query<{ metric: string }>(namesIn(marks), params);
        yield [...new Set(found.map(({ metric }) => metric))];
        for (const { isPartial, rowIds } of chunks) {
          const last = rowIds.at(-1) ?? lastRowId;
          if (isPartial) yield* namesInRows(db, setId, (rowIds[0] ?? 0) - 1, last);
          lastRowId = last;
        }
      }
      yield* namesInRows(db, setId, lastRowId, upToRowId);
      await new Promise(setImmediate);
    }
  }
}

function setsOf(db: Queryable, { jobId, taskIndex }: RowScope): Promise<SetOfTask[]> {
  const [first, last] = taskIndex === null ? [0, LAST_TASK_INDEX] : [taskIndex, taskIndex];
  return db.query<SetOfTask>(SETS_THAT_COUNT, [jobId, first, last]);
}

async function sliceOfChunk(
  db: Queryable,
  set: SetOfTask,
  { rowIds, columns, isPartial }: StoredChunk,
  names: readonly string[],
  upToRowId: number,
): Promise<MetricSlice> {
  const count = countUpTo(rowIds, upToRowId);
  const values = new Map<string, Float64Array>();
  const missing = new Map<string, Float64Array>();
  for (const name of names) {
    const stored = columns.get(name)?.subarray(0, count);
    const column = stored ?? new Float64Array(count).fill(Number.NaN);
    values.set(name, column);
    if (stored === undefined) missing.set(name, column);
  }
  const slice = { ...set, rowIds: rowIds.subarray(0, count), values };
  if (isPartial && missing.size > 0) await fillFromRows(db, slice, missing);
  return slice;
}

async function fillFromRows(
  db: Queryable,
  { setId, rowIds }: MetricSlice,
  columns: ReadonlyMap<string, Float64Array>,
): Promise<void> {
  let position = 0;
  const [first = 0] = rowIds;
  for await (const rows of rowPages(db, setId, first - 1, rowIds.at(-1) ?? 0)) {
    for (const row of rows) {
      while ((rowIds[position] ?? Infinity) < row.id) position += 1;
      for (const [name, column] of columns) column[position] = valueOf(row, name);
    }
  }
}

function sliceOfRows(
  set: SetOfTask,
  rows: readonly ParsedRow[],
  names: readonly string[],
): MetricSlice {
  const values = names.map((name): [string, Float64Array] => [
    name,
    Float64Array.from(rows, (row) => valueOf(row, name)),
  ]);
  return { ...set, rowIds: Float64Array.from(rows, ({ id }) => id), values: new Map(values) };
}

function valueOf({ metrics }: ParsedRow, name: string): number {
  return columnValue(Object.hasOwn(metrics, name) ? metrics[name] : null);
}

function countUpTo(rowIds: Float64Array, upToRowId: number): number {
  if ((rowIds.at(-1) ?? 0) <= upToRowId) return rowIds.length;
  return rowIds.findIndex((id) => id > upToRowId);
}

async function* namesInRows(
  db: Queryable,
  setId: number,
  afterRowId: number,
  upToRowId: number,
): AsyncGenerator<readonly string[]> {
  for await (const rows of rowPages(db, setId, afterRowId, upToRowId)) {
    const names = new Set<string>();
    for (const { metrics } of rows) {
      for (const name of Object.keys(metrics)) if (metrics[name] !== null) names.add(name);
    }
    yield [...names];
  }
}

/** No job has one beyond it; the largest that every database takes for such a column. */
const LAST_TASK_INDEX = 2_147_483_647;

export const SETS_THAT_COUNT = `
  SELECT row_set_id AS "setId", task_index AS "taskIndex" FROM tasks
  WHERE job_id = ? AND task_index >= ? AND task_index <= ? AND row_set_id IS NOT NULL
  ORDER BY task_index`;

export function namesIn(marks: string): string {
  return `SELECT metric FROM metric_columns WHERE chunk_id IN (${marks})`;
}
