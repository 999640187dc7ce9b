import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { removeRowSets } from './row-set-removal';

export interface ResultSweepCounts {
  readonly rows: number;
}

/** Records that one bulk unit deletes. */
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

/** Null when there is nothing to sweep. */
async function sweepBatch(tx: Tx): Promise<number | null> {
  const sets = await tx.query<{ id: number }>(DISCARDED, [BATCH]);
  if (sets.length === 0) return null;
  const ids = sets.map(({ id }) => id);
  return (await removeRowSets(tx, ids, BATCH)).rows;
}

export const DISCARDED = 'SELECT id FROM row_sets WHERE is_discarded = 1 ORDER BY id LIMIT ?';
