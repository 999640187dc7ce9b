import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';

export interface ResultSweepCounts {
  readonly rows: number;
}

/** Rows that one bulk unit deletes. */
const BATCH = 500;

/** Removes rows that no lease adopted. Safe to kill at any moment and to run again. */
@Injectable()
export class ResultSweep {
  private running: Promise<ResultSweepCounts> | null = null;

  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Sweeps until nothing is left, in bulk-lane batches. A call during a sweep gets that one's counts. */
  runOnce(): Promise<ResultSweepCounts> {
    this.running ??= this.sweep().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async sweep(): Promise<ResultSweepCounts> {
    let rows = 0;
    for (;;) {
      const deleted = await this.unitOfWork.run(sweepBatch, 'bulk');
      if (deleted === null) return { rows };
      rows += deleted;
    }
  }
}

/** Null when there is nothing to sweep. A set's mark goes with the last of its rows. */
async function sweepBatch(tx: Tx): Promise<number | null> {
  const [set] = await tx.query<{ task_id: string; row_set: number }>(
    'SELECT task_id, row_set FROM discarded_row_sets LIMIT 1',
  );
  if (set === undefined) return null;
  const key = [set.task_id, set.row_set];
  const deleted = await tx.execute(DELETE_OF_SET, [...key, BATCH]);
  if (deleted < BATCH) {
    await tx.execute('DELETE FROM discarded_row_sets WHERE task_id = ? AND row_set = ?', key);
  }
  return deleted;
}

export const DELETE_OF_SET = `
  DELETE FROM result_rows WHERE id IN
    (SELECT id FROM result_rows WHERE task_id = ? AND row_set = ? LIMIT ?)`;
