import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { type Page, type PageRequest } from '@foreman/kernel';
import { rowFilter } from './filter-text';
import { HeavyReads } from './heavy-reads';
import { OrderedRows, type RowSelection } from './ordered-rows';
import { cursorText, queryMark, readCursor, type OrderedPlace } from './result-cursor';
import { rowFields } from './row-fields';
import { rowOrder } from './row-order';
import { RowText } from './row-text';
import { rowsById } from './rows-by-id';
import type { MetricValue } from '../result-row';
import { LAST_ROW, RowPages } from '../rows/row-pages';

/** A row as a client sees it; with `fields`, only what they name. */
export interface ResultRowView {
  readonly taskIndex: number;
  readonly configId: string;
  readonly config: Record<string, unknown>;
  readonly metrics: Record<string, MetricValue>;
}

/** Which rows, in which order, and what of them. */
export interface ResultQuery {
  /** `metrics.<name>`; null: by task, and then in the order of arrival. */
  readonly sort: string | null;
  readonly order: 'asc' | 'desc';
  /** Conditions that all have to be met, as `metrics.trades >= 30`. */
  readonly where?: readonly string[];
  /** As `configId,metrics.sharpe`; null: everything. */
  readonly fields?: string | null;
}

export interface ResultPageRequest extends PageRequest, ResultQuery {}

/** Questions about the rows that count. Whether the job may be seen is the caller's to check. */
@Injectable()
export class ResultQueries {
  constructor(
    private readonly rows: OrderedRows,
    private readonly rowPages: RowPages,
    private readonly heavyReads: HeavyReads,
  ) {}

  /**
   * One page, by a metric (nulls last, ties by task and arrival), or by task and then in the order of
   * arrival. A list is of the rows that were there at its first page: no row twice, none left out,
   * however many are added. A row whose metrics are replaced between two pages moves.
   * @throws `request.invalid` for a sort, a filter, fields or a cursor that are not of this list;
   * `rate.limited` when too many such reads wait already.
   */
  async page(
    db: Queryable,
    jobId: string,
    request: ResultPageRequest,
  ): Promise<Page<ResultRowView>> {
    const { items, nextCursor } = await this.pageText(db, jobId, request);
    return { items: items.map((item) => JSON.parse(item) as ResultRowView), nextCursor };
  }

  /** The same, each row as its JSON text, in which numbers have the digits that were sent. */
  async pageText(db: Queryable, jobId: string, request: ResultPageRequest): Promise<Page<string>> {
    const { sort, where, fields, limit, cursor } = request;
    const order = rowOrder(sort, request.order);
    const filter = rowFilter(where ?? []);
    const text = new RowText(rowFields(fields ?? null));
    const mark = queryMark(jobId, order, filter);
    const from = cursor === null ? null : readCursor(cursor, mark);
    const upToRowId = from?.upToRowId ?? (await lastRowId(db));
    const selection = { jobId, order, filter, upToRowId };
    const places = await this.places(db, selection, from?.place ?? null, limit + 1);
    const items: string[] = [];
    for await (const rows of rowsById(db, places.slice(0, limit))) {
      for (const row of rows) items.push(text.of(row));
    }
    const last = places.length > limit ? places[limit - 1] : undefined;
    return {
      items,
      nextCursor: last === undefined ? null : cursorText(mark, { place: last, upToRowId }),
    };
  }

  /** All rows that were there when it began, by task and then in the order of arrival. */
  async *export(jobId: string): AsyncGenerator<ResultRowView> {
    const text = new RowText(null);
    for await (const page of this.rowPages.all(jobId, await this.rowPages.lastRowId())) {
      for (const row of page) yield JSON.parse(text.of(row)) as ResultRowView;
    }
  }

  private places(
    db: Queryable,
    selection: RowSelection,
    after: OrderedPlace | null,
    limit: number,
  ): Promise<OrderedPlace[]> {
    const read = () => this.rows.first(db, selection, after, limit);
    return OrderedRows.isHeavy(selection) ? this.heavyReads.run(read) : read();
  }
}

async function lastRowId(db: Queryable): Promise<number> {
  const [row] = await db.query<{ last: number | null }>(LAST_ROW);
  return row?.last ?? 0;
}
