import type { Tx } from '@foreman/database';

export interface RemovedRecords {
  /** Rows of results. */
  readonly rows: number;
  /** All records, those of columns and of the sets themselves too. */
  readonly records: number;
}

/** What hangs on a set, in the order in which it can go. */
const OF_SET = [
  `DELETE FROM metric_columns WHERE (chunk_id, metric) IN
     (SELECT c.chunk_id, c.metric FROM metric_chunks k JOIN metric_columns c ON c.chunk_id = k.id
      WHERE k.set_id = ? LIMIT ?)`,
  'DELETE FROM metric_chunks WHERE id IN (SELECT id FROM metric_chunks WHERE set_id = ? LIMIT ?)',
] as const;

const ROWS_OF_SET =
  'DELETE FROM result_rows WHERE id IN (SELECT id FROM result_rows WHERE set_id = ? LIMIT ?)';
const SET = 'DELETE FROM row_sets WHERE id = ?';

/**
 * Deletes these sets with their columns and rows, at most `limit` records together; fewer than `limit`
 * says that none of them is left. The set goes last, so that an interrupted removal finds it again.
 */
export async function removeRowSets(
  tx: Tx,
  setIds: readonly number[],
  limit: number,
): Promise<RemovedRecords> {
  let records = 0;
  let rows = 0;
  for (const setId of setIds) {
    for (const sql of OF_SET) {
      records += await tx.execute(sql, [setId, limit - records]);
      if (records >= limit) return { rows, records };
    }
    const removed = await tx.execute(ROWS_OF_SET, [setId, limit - records]);
    rows += removed;
    records += removed;
    if (records >= limit) return { rows, records };
    records += await tx.execute(SET, [setId]);
    if (records >= limit) return { rows, records };
  }
  return { rows, records };
}

/** For tests that hold the plans against the indexes. */
export const REMOVAL_OF_SET: readonly string[] = [...OF_SET, ROWS_OF_SET, SET];
