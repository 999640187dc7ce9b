import type { SqlValue } from './unit-of-work';

/** A list in a statement: its marks, and what is bound to them. */
export interface SqlList {
  readonly marks: string;
  readonly params: readonly SqlValue[];
}

/**
 * Values for `IN (...)`. Each number of marks is a text of its own, which the database prepares and keeps: so the list is
 * filled up to a power of two with its last value, and a thousand lengths are eleven texts. None: a list that
 * holds nothing.
 */
export function sqlList(values: readonly SqlValue[]): SqlList {
  const params = filledUp(values);
  return { marks: params.length === 0 ? 'NULL' : params.map(() => '?').join(', '), params };
}

/** Rows for `VALUES ...`, one at least; filled up too, so that the last one may come several times. */
export function sqlRows(rows: readonly (readonly SqlValue[])[]): SqlList {
  const filled = filledUp(rows);
  const marks = filled.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
  return { marks, params: filled.flat() };
}

function filledUp<T>(items: readonly T[]): readonly T[] {
  const last = items.at(-1);
  if (last === undefined) return items;
  const size = 2 ** Math.ceil(Math.log2(items.length));
  return size === items.length
    ? items
    : [...items, ...Array.from({ length: size - items.length }, () => last)];
}
