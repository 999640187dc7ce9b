import { Injectable } from '@nestjs/common';
import { ReadConnection, type Queryable } from '@foreman/database';
import { decodeCursor, invalidField, pageOf, type Page, type PageRequest } from '@foreman/kernel';
import type { MetricValue } from './result-row';
import { afterCursor, metricExpression, resultSort, type ResultSort } from './result-sort';

/** A row as a client sees it. */
export interface ResultRowView {
  readonly taskIndex: number;
  readonly configId: string;
  readonly config: Record<string, unknown>;
  readonly metrics: Record<string, MetricValue>;
}

/** The same as it is stored: `config` and `metrics` are JSON texts. */
export interface RawResultRow {
  readonly id: number;
  readonly task_index: number;
  readonly config_id: string;
  readonly config: string;
  readonly metrics: string;
}

export interface ResultPageRequest extends PageRequest {
  /** `metrics.<name>`; null: in the order of arrival. */
  readonly sort: string | null;
  readonly order: 'asc' | 'desc';
}

/** Rows of one statement of an export: short enough that nobody waits for it, also at 64 KiB a row. */
const EXPORT_ROWS = 250;

/** Questions about the rows that count. Whether the job may be seen is the caller's to check. */
@Injectable()
export class ResultQueries {
  constructor(private readonly reads: ReadConnection) {}

  /**
   * One page, stable while rows are added: by a metric (nulls last), or in the order of arrival.
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

  /** All rows that were there when it began, in the order of arrival; paged, so that memory stays flat. */
  async *export(jobId: string): AsyncGenerator<ResultRowView> {
    for await (const page of this.rawPages(jobId, await this.lastRow(jobId))) {
      for (const row of page) yield rowView(row);
    }
  }

  /** The newest row's id; 0 when there is none. An export that ends there does not chase new rows. */
  async lastRow(jobId: string): Promise<number> {
    const [row] = await this.reads.query<{ last: number | null }>(LAST_ROW, [jobId]);
    return row?.last ?? 0;
  }

  /** Each page is a short statement of its own, and lets others have their turn after it. */
  async *rawPages(jobId: string, lastId: number): AsyncGenerator<RawResultRow[]> {
    let after = 0;
    for (;;) {
      const page = await this.reads.query<RawResultRow>(EXPORT_PAGE, [
        jobId,
        after,
        lastId,
        EXPORT_ROWS,
      ]);
      if (page.length > 0) yield page;
      if (page.length < EXPORT_ROWS) return;
      after = page.at(-1)?.id ?? lastId;
      await new Promise(setImmediate);
    }
  }

  private async pageByArrival(
    db: Queryable,
    jobId: string,
    { cursor, limit }: PageRequest,
  ): Promise<Page<RawResultRow>> {
    const [after] = cursor === null ? [0] : decodeCursor(cursor, 1);
    const rows = await db.query<RawResultRow>(EXPORT_PAGE, [
      jobId,
      numberOf(after),
      Number.MAX_SAFE_INTEGER,
      limit + 1,
    ]);
    return pageOf(rows, limit, (last) => [last.id]);
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

/** Those of a job whose row set is their task's: what was not adopted is not shown. */
const ROWS_THAT_COUNT = `
  FROM result_rows r JOIN tasks t ON t.id = r.task_id AND t.row_set = r.row_set
  WHERE r.job_id = ?`;

export const EXPORT_PAGE = `
  SELECT ${COLUMNS} ${ROWS_THAT_COUNT} AND r.id > ? AND r.id <= ? ORDER BY r.id LIMIT ?`;

export const LAST_ROW = 'SELECT max(id) AS last FROM result_rows WHERE job_id = ?';
