import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { decodeCursor, invalidField, pageOf, type Page, type PageRequest } from '@foreman/kernel';
import type { MetricValue } from './result-row';
import { FIRST_PLACE, RowPages, type RawResultRow, type RowPlace } from './rows/row-pages';
import { afterCursor, metricExpression, resultSort, type ResultSort } from './result-sort';

/** A row as a client sees it. */
export interface ResultRowView {
  readonly taskIndex: number;
  readonly configId: string;
  readonly config: Record<string, unknown>;
  readonly metrics: Record<string, MetricValue>;
}

export interface ResultPageRequest extends PageRequest {
  /** `metrics.<name>`; null: in the order of arrival. */
  readonly sort: string | null;
  readonly order: 'asc' | 'desc';
}

/** Questions about the rows that count. Whether the job may be seen is the caller's to check. */
@Injectable()
export class ResultQueries {
  constructor(private readonly rowPages: RowPages) {}

  /**
   * One page, stable while rows are added: by a metric (nulls last), or by task and then in the order of arrival.
   * @throws `request.invalid` for a sort or a cursor that is not of this list.
   */
  async page(
    db: Queryable,
    jobId: string,
    request: ResultPageRequest,
  ): Promise<Page<ResultRowView>> {
    const sort = resultSort(request.sort, request.order);
    const found =
      sort === null
        ? await this.pageByArrival(db, jobId, request)
        : await this.pageByMetric(db, jobId, sort, request);
    return { ...found, items: found.items.map(rowView) };
  }

  /** All rows that were there when it began, by task and then in the order of arrival. */
  async *export(jobId: string): AsyncGenerator<ResultRowView> {
    for await (const page of this.rowPages.all(jobId, await this.rowPages.lastRowId())) {
      for (const row of page) yield rowView(row);
    }
  }

  private async pageByArrival(
    db: Queryable,
    jobId: string,
    { cursor, limit }: PageRequest,
  ): Promise<Page<RawResultRow>> {
    const place = cursor === null ? FIRST_PLACE : placeOf(decodeCursor(cursor, 2));
    const upTo = Number.MAX_SAFE_INTEGER;
    const rows = await this.rowPages.after(db, jobId, place, upTo, limit + 1);
    return pageOf(rows, limit, (last) => [last.task_index, last.id]);
  }

  private async pageByMetric(
    db: Queryable,
    jobId: string,
    sort: ResultSort,
    { cursor, limit }: PageRequest,
  ): Promise<Page<RawResultRow>> {
    const metric = metricExpression(sort.metric);
    const [value, id] = cursor === null ? [null, 0] : decodeCursor(cursor, 2);
    const after =
      cursor === null
        ? { sql: '1 = 1', params: [] }
        : afterCursor(sort.order, value === null ? null : numberOf(value), numberOf(id));
    const rows = await db.query<RawResultRow & { sort_value: number | null }>(
      `SELECT * FROM (SELECT ${COLUMNS}, ${metric.sql} AS sort_value ${ROWS_THAT_COUNT}) counted
       WHERE ${after.sql}
       ORDER BY sort_value IS NULL, sort_value ${sort.order === 'asc' ? 'ASC' : 'DESC'}, id LIMIT ?`,
      [...metric.params, jobId, ...after.params, limit + 1],
    );
    return pageOf(rows, limit, (last) => [last.sort_value, last.id]);
  }
}

function placeOf([taskIndex, rowId]: readonly (string | number | null)[]): RowPlace {
  return { taskIndex: numberOf(taskIndex), rowId: numberOf(rowId) };
}

function numberOf(part: string | number | null | undefined): number {
  if (typeof part !== 'number') throw invalidField('cursor', 'is not a cursor of this list');
  return part;
}

function rowView(row: RawResultRow): ResultRowView {
  return {
    taskIndex: row.task_index,
    configId: row.config_id,
    config: JSON.parse(row.config) as ResultRowView['config'],
    metrics: JSON.parse(row.metrics) as ResultRowView['metrics'],
  };
}

const COLUMNS = 'r.id, t.task_index, r.config_id, r.config, r.metrics';

/** Those of a job whose set is their task's: what was not adopted is not shown. */
const ROWS_THAT_COUNT = `
  FROM tasks t JOIN result_rows r ON r.set_id = t.row_set_id
  WHERE t.job_id = ?`;
