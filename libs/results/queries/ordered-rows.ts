import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import type { RowExtent } from '../rows/row-extent';
import { FIRST_PLACE, RowPages, type RawResultRow } from '../rows/row-pages';
import { HeavyReads } from './heavy-reads';
import type { OrderedPlace } from './result-cursor';
import { isEveryRow, type RowFilter } from './row-filter';
import type { RowOrder } from './row-order';
import { RowScan, type ScannedRows } from './row-scan';
import { rowsById } from './rows-by-id';
import { TopRows } from './top-rows';

/** Which rows of a job are meant, and in which order. */
export interface RowSelection extends RowExtent {
  /** Null: by task, then by arrival. */
  readonly order: RowOrder | null;
  readonly filter: RowFilter;
}

/**
 * Rows that an export finds, or puts in order, at once, before it reads them: a job of a million is gone through fifty
 * times for an order, with half a MiB. More would hold up the event loop when they are taken out.
 */
const FOUND_AT_ONCE = 20_000;

/** The rows of a selection that count, from typed arrays of their metrics; only those shown are read themselves. */
@Injectable()
export class OrderedRows {
  constructor(
    private readonly scan: RowScan,
    private readonly rowPages: RowPages,
    private readonly heavyReads: HeavyReads,
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

  /** All of them, some at a time, for an export that is open: no place is held while its reader has them. */
  async *all(db: Queryable, selection: RowSelection): AsyncGenerator<RawResultRow[]> {
    const { jobId, order, upToRowId } = selection;
    if (!OrderedRows.isHeavy(selection)) return yield* this.rowPages.all(jobId, upToRowId);
    const found = order === null ? this.met(db, selection) : this.ordered(db, selection);
    for await (const rowIds of found) yield* rowsById(db, rowIds, this.heavyReads);
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

  private async *met(db: Queryable, selection: RowSelection): AsyncGenerator<number[]> {
    const { jobId, filter, upToRowId } = selection;
    const scanned = this.scan.rows(db, jobId, filter, [], upToRowId);
    for (let isLast = false; !isLast;) {
      const rowIds: number[] = [];
      isLast = await this.heavyReads.step(() => foundInto(rowIds, scanned));
      yield rowIds;
    }
  }

  private async *ordered(db: Queryable, selection: RowSelection): AsyncGenerator<number[]> {
    let after: OrderedPlace | null = null;
    do {
      const from: OrderedPlace | null = after;
      const places: OrderedPlace[] = await this.heavyReads.step(() =>
        this.first(db, selection, from, FOUND_AT_ONCE),
      );
      after = places.length < FOUND_AT_ONCE ? null : (places.at(-1) ?? null);
      yield places.map(({ rowId }) => rowId);
    } while (after !== null);
  }
}

/** Goes on with the scan until enough rows are found that meet the filter. Answers whether it has come to its end. */
async function foundInto(rowIds: number[], scanned: AsyncGenerator<ScannedRows>): Promise<boolean> {
  while (rowIds.length < FOUND_AT_ONCE) {
    const next = await scanned.next();
    if (next.done === true) return true;
    const { slice, met } = next.value;
    slice.rowIds.forEach((rowId, row) => {
      if (met === null || met[row] === 1) rowIds.push(rowId);
    });
  }
  return false;
}
