import { invalidField } from './domain-error';

/** A page of a list: what the contract calls `{"items", "nextCursor"}`. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | null;
}

export const DEFAULT_PAGE_LIMIT = 50;
export const MAX_PAGE_LIMIT = 500;

type CursorPart = string | number | null;

/** An opaque keyset cursor over the last row's sort key. */
export function encodeCursor(parts: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The reverse; anything that was not made by `encodeCursor` with `length` parts is `request.invalid`. */
export function decodeCursor(cursor: string, length: number): CursorPart[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw invalidField('cursor', 'is not a cursor of this list');
  }
  const wellFormed =
    Array.isArray(parts) &&
    parts.length === length &&
    parts.every((p) => p === null || typeof p === 'string' || typeof p === 'number');
  if (!wellFormed) throw invalidField('cursor', 'is not a cursor of this list');
  return parts as CursorPart[];
}

/** Cuts a result that was fetched with one row too many into a page. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  keyOf: (row: T) => readonly CursorPart[],
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
}
