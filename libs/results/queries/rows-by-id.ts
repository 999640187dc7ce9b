import { sqlList, type Queryable } from '@foreman/database';
import type { RawResultRow } from '../rows/row-pages';
import type { HeavyReads } from './heavy-reads';

/** Rows of one statement: at 64 KiB each it reads 6 MiB. */
const IDS_A_STATEMENT = 100;

/** These rows in this order, a short statement's at a time. One that does not count any more is left out. */
export async function* rowsById(
  db: Queryable,
  rowIds: readonly number[],
  heavyReads: HeavyReads,
): AsyncGenerator<RawResultRow[]> {
  for (let start = 0; start < rowIds.length; start += IDS_A_STATEMENT) {
    const ids = rowIds.slice(start, start + IDS_A_STATEMENT);
    const { marks, params } = sqlList(ids);
    const found = await heavyReads.page(() => db.query<RawResultRow>(rowsWith(marks), params));
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
