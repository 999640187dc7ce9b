import { sqlList, type Queryable } from '@foreman/database';
import type { RawResultRow, RowPlace } from '../rows/row-pages';

/** Rows of one statement: at 64 KiB each it reads 6 MiB. */
const IDS_A_STATEMENT = 100;

/**
 * These rows in this order, a short statement's at a time, with a turn of the event loop for others
 * after each. One that does not count any more is left out.
 */
export async function* rowsById(
  db: Queryable,
  places: readonly Pick<RowPlace, 'rowId'>[],
): AsyncGenerator<RawResultRow[]> {
  for (let start = 0; start < places.length; start += IDS_A_STATEMENT) {
    if (start > 0) await new Promise(setImmediate);
    const ids = places.slice(start, start + IDS_A_STATEMENT).map(({ rowId }) => rowId);
    const { marks, params } = sqlList(ids);
    const found = await db.query<RawResultRow>(rowsWith(marks), params);
    const byId = new Map(found.map((row) => [row.id, row]));
    const rows = ids.flatMap((id) => byId.get(id) ?? []);
    if (rows.length > 0) yield rows;
  }
}

export function rowsWith(marks: string): string {
  return `
  SELECT r.id, t.task_index, r.config_id, r.config, r.metrics
  FROM result_rows r
  JOIN row_sets s ON s.id = r.set_id
  JOIN tasks t ON t.id = s.task_id AND t.row_set_id = s.id
  WHERE r.id IN (${marks})`;
}
