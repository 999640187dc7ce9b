import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { FIRST_PLACE, RowPages, type RawResultRow } from '../rows/row-pages';
import type { OrderedPlace } from './result-cursor';
import { isEveryRow, type RowFilter } from './row-filter';
import type { RowOrder } from './row-order';
import { RowScan } from './row-scan';
import { rowsById } from './rows-by-id';
import { TopRows } from './top-rows';

/** Which rows of a job are meant, and in which order. */
export interface RowSelection {
  readonly jobId: string;
  /** Null: by task, then by arrival. */
  readonly order: RowOrder | null;
  readonly filter: RowFilter;
  /** Rows that came later are not of the list. */
  readonly upToRowId: number;
}

/**
 * Rows that are put in order at once where all of them are wanted: a job of a million is gone through
 * fifty times, with half a MiB. More would hold up the event loop when they are taken out.
 */
const ORDERED_AT_ONCE = 20_000;

/** Rows that are found one by one are fetched so many at a time. */
const FETCHED_AT_ONCE = 100;

/** The rows of a selection that count, from typed arrays of their metrics; only those shown are read themselves. */
@Injectable()
export class OrderedRows {
  constructor(
    private readonly scan: RowScan,
    private readonly rowPages: RowPages,
  ) {}

  /** Whether it has to go through the metrics of the whole job. */
  static isHeavy({ order, filter }: Pick<RowSelection, 'order' | 'filter'>): boolean {
    return order !== null || !isEveryRow(filter);
  }

  /** Where the first `limit` rows after that place are. */
  async first(
    db: Queryable,
    selection: RowSelection,
    after: OrderedPlace | null,
    limit: number,
  ): Promise<OrderedPlace[]> {
    if (!OrderedRows.isHeavy(selection)) return this.byArrival(db, selection, after, limit);
    const { jobId, order, filter, upToRowId } = selection;
    const top = new TopRows(limit, order, after);
    const metrics = order === null ? [] : [order.metric];
    for await (const { slice, met } of this.scan.rows(db, jobId, filter, metrics, upToRowId)) {
      top.offer(slice, met);
      // In the order of arrival nothing that comes later goes before.
      if (order === null && top.isFull) break;
    }
    return top.take();
  }

  /** All of them, some at a time. */
  async *all(db: Queryable, selection: RowSelection): AsyncGenerator<RawResultRow[]> {
    const { jobId, order, upToRowId } = selection;
    if (!OrderedRows.isHeavy(selection)) yield* this.rowPages.all(jobId, upToRowId);
    else if (order === null) yield* this.allMet(db, selection);
    else yield* this.allOrdered(db, selection);
  }

  private async byArrival(
    db: Queryable,
    { jobId, upToRowId }: RowSelection,
    after: OrderedPlace | null,
    limit: number,
  ): Promise<OrderedPlace[]> {
    const rows = await this.rowPages.after(db, jobId, after ?? FIRST_PLACE, upToRowId, limit);
    return rows.map((row) => ({ value: null, taskIndex: row.task_index, rowId: row.id }));
  }

  private async *allMet(db: Queryable, selection: RowSelection): AsyncGenerator<RawResultRow[]> {
    const { jobId, filter, upToRowId } = selection;
    let found: { rowId: number }[] = [];
    for await (const { slice, met } of this.scan.rows(db, jobId, filter, [], upToRowId)) {
      slice.rowIds.forEach((rowId, row) => {
        if (met === null || met[row] === 1) found.push({ rowId });
      });
      if (found.length < FETCHED_AT_ONCE) continue;
      yield* rowsById(db, found);
      found = [];
    }
    yield* rowsById(db, found);
  }

  private async *allOrdered(
    db: Queryable,
    selection: RowSelection,
  ): AsyncGenerator<RawResultRow[]> {
    let after: OrderedPlace | null = null;
    for (;;) {
      const places: OrderedPlace[] = await this.first(db, selection, after, ORDERED_AT_ONCE);
      yield* rowsById(db, places);
      if (places.length < ORDERED_AT_ONCE) return;
      after = places.at(-1) ?? null;
    }
  }
}
