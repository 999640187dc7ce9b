import { Injectable } from '@nestjs/common';
import { sqlList, type Tx } from '@foreman/database';
import { removeRowSets } from './row-set-removal';

/** The rows' part of removing jobs. */
@Injectable()
export class ResultRemoval {
  /** Deletes at most `limit` records of these jobs' rows; fewer than `limit` says that none is left. */
  async removeBatch(tx: Tx, jobIds: readonly string[], limit: number): Promise<number> {
    const { marks, params } = sqlList(jobIds);
    const sets = await tx.query<{ id: number }>(setsOf(marks), [...params, limit]);
    const { records } = await removeRowSets(
      tx,
      sets.map(({ id }) => id),
      limit,
    );
    return records;
  }
}

/** As many as `limit` at most: each is a record itself, so there are no more to be removed at once. */
export function setsOf(marks: string): string {
  return `SELECT id FROM row_sets WHERE job_id IN (${marks}) LIMIT ?`;
}
