import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';

/** The rows' part of removing jobs. */
@Injectable()
export class ResultRemoval {
  /** Deletes at most `limit` rows of these jobs; fewer than `limit` says that none is left. */
  async removeBatch(tx: Tx, jobIds: readonly string[], limit: number): Promise<number> {
    const marks = jobIds.map(() => '?').join(', ');
    const rows = await tx.execute(
      `DELETE FROM result_rows WHERE id IN
         (SELECT id FROM result_rows WHERE job_id IN (${marks}) LIMIT ?)`,
      [...jobIds, limit],
    );
    if (rows < limit) {
      await tx.execute(
        `DELETE FROM discarded_row_sets WHERE task_id IN
           (SELECT id FROM tasks WHERE job_id IN (${marks}))`,
        jobIds,
      );
    }
    return rows;
  }
}
