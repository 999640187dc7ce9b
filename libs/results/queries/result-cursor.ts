import { createHash } from 'node:crypto';
import { decodeCursor, encodeCursor, invalidField } from '@foreman/kernel';
import type { RowExtent } from '../rows/row-extent';
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
  /** As it was when the list's first page was read. */
  readonly extent: RowExtent;
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

export function cursorText(mark: string, { place, extent }: ResultCursor): string {
  const { upToRowId, upToSetId, sets } = extent;
  return encodeCursor([
    mark,
    place.value,
    place.taskIndex,
    place.rowId,
    upToRowId,
    upToSetId,
    sets,
  ]);
}

/** @throws `request.invalid` for what is no cursor, or one of another list. */
export function readCursor(text: string, mark: string, jobId: string): ResultCursor {
  const [query, value = null, ...numbers] = decodeCursor(text, 7);
  if (typeof query !== 'string' || typeof value === 'string') throw invalidCursor();
  if (query !== mark) {
    throw invalidField('cursor', 'is of another job, sort, order or where; begin without a cursor');
  }
  const [taskIndex = 0, rowId = 0, upToRowId = 0, upToSetId = 0, sets = 0] = numbers.map(numberOf);
  return { place: { value, taskIndex, rowId }, extent: { jobId, upToRowId, upToSetId, sets } };
}

function numberOf(part: string | number | null): number {
  if (typeof part !== 'number') throw invalidCursor();
  return part;
}

function invalidCursor() {
  return invalidField('cursor', 'is not a cursor of this list');
}
