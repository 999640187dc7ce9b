import { createHash } from 'node:crypto';
import { decodeCursor, encodeCursor, invalidField } from '@foreman/kernel';
import type { RowPlace } from '../rows/row-pages';
import type { RowFilter } from './row-filter';
import type { RowOrder } from './row-order';

/** A place in an ordered list of rows. */
export interface OrderedPlace extends RowPlace {
  /** Of the metric that it is ordered by; null: none, or no such order. */
  readonly value: number | null;
}

/** Where a page ended, and which rows the list is of. */
export interface ResultCursor {
  readonly place: OrderedPlace;
  /** The newest row when the list's first page was read. */
  readonly upToRowId: number;
}

/** Of the digest: enough that no two queries of anybody meet by chance. */
const QUERY_CHARS = 16;

/** Tells one list from another: a cursor is good for that which made it. */
export function queryMark(jobId: string, order: RowOrder | null, filter: RowFilter): string {
  const query = JSON.stringify([
    jobId,
    order === null ? null : [order.metric, order.direction],
    filter.metrics.map(({ metric, comparison, value }) => [metric, comparison, value]),
    filter.configIds,
    filter.taskIndexes,
  ]);
  return createHash('sha256').update(query).digest('base64url').slice(0, QUERY_CHARS);
}

export function cursorText(mark: string, { place, upToRowId }: ResultCursor): string {
  return encodeCursor([mark, place.value, place.taskIndex, place.rowId, upToRowId]);
}

/** @throws `request.invalid` for what is no cursor, or one of another list. */
export function readCursor(text: string, mark: string): ResultCursor {
  const [query, value = null, taskIndex, rowId, upToRowId] = decodeCursor(text, 5);
  if (typeof query !== 'string' || typeof value === 'string') throw invalidCursor();
  if (query !== mark) {
    throw invalidField('cursor', 'is of another job, sort, order or where; begin without a cursor');
  }
  return {
    place: { value, taskIndex: numberOf(taskIndex), rowId: numberOf(rowId) },
    upToRowId: numberOf(upToRowId),
  };
}

function numberOf(part: string | number | null | undefined): number {
  if (typeof part !== 'number') throw invalidCursor();
  return part;
}

function invalidCursor() {
  return invalidField('cursor', 'is not a cursor of this list');
}
