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
import { assertKept, rowExtent } from '../rows/row-extent';

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
    private readonly heavyReads: HeavyReads,
  ) {}

  /**
   * One page, by a metric (nulls last, ties by task and arrival), or by task and then in the order of
   * arrival. A list is of the rows that were there at its first page: no row twice, none left out,
   * however many are added. A row whose metrics are replaced between two pages moves.
   * @throws `request.invalid` for a sort, a filter, fields or a cursor that are not of this list;
   * `results.dropped` when rows of the list have stopped counting since its first page; `job.not_found`;
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
    const from = cursor === null ? null : readCursor(cursor, mark, jobId);
    const extent = from?.extent ?? (await rowExtent(db, jobId));
    const selection = { ...extent, order, filter };
    const places = await this.places(db, selection, from?.place ?? null, limit + 1);
    const items: string[] = [];
    const rowIds = places.slice(0, limit).map(({ rowId }) => rowId);
    for await (const rows of rowsById(db, rowIds, this.heavyReads)) {
      for (const row of rows) items.push(text.of(row));
    }
    await assertKept(db, extent);
    const last = places.length > limit ? places[limit - 1] : undefined;
    return {
      items,
      nextCursor: last === undefined ? null : cursorText(mark, { place: last, extent }),
    };
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
