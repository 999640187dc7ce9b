import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { removeRowSets } from './row-set-removal';

/** The rows' part of removing jobs. */
@Injectable()
export class ResultRemoval {
  /** Deletes at most `limit` records of these jobs' rows; fewer than `limit` says that none is left. */
  async removeBatch(tx: Tx, jobIds: readonly string[], limit: number): Promise<number> {
    const sets = await tx.query<{ id: number }>(setsOf(jobIds.length), [...jobIds, limit]);
    const { records } = await removeRowSets(
      tx,
      sets.map(({ id }) => id),
      limit,
    );
    return records;
  }
}

/** As many as `limit` at most: each is a record itself, so there are no more to be removed at once. */
export function setsOf(jobs: number): string {
  const marks = Array.from({ length: jobs }, () => '?').join(', ');
  return `SELECT id FROM row_sets WHERE job_id IN (${marks}) LIMIT ?`;
}
