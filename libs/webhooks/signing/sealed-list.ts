/** Sealed texts have no space in them. */
const BETWEEN = ' ';

/** The sealed secrets of one column, the newest first. */
export function sealedListOf(column: string | null): string[] {
  return column === null ? [] : column.split(BETWEEN);
}

/** Null for none. */
export function sealedColumn(list: readonly string[]): string | null {
  return list.length === 0 ? null : list.join(BETWEEN);
}
