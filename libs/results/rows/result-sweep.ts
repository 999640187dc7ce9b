import { Injectable, Logger } from '@nestjs/common';
import { BadOnesApart, ReadConnection, UnitOfWork } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { removeRowSets } from './row-set-removal';

export interface ResultSweepCounts {
  readonly rows: number;
}

/** Sets of one page, and records that one bulk unit deletes. */
const BATCH = 500;

/** Removes rows that no lease adopted. Safe to kill at any moment and to run again. */
@Injectable()
export class ResultSweep {
  private running: Promise<ResultSweepCounts> | null = null;
  private readonly apart: BadOnesApart;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    clock: Clock,
  ) {
    this.apart = new BadOnesApart(new Logger(ResultSweep.name), clock);
  }

  /** Sweeps until nothing is left, in bulk-lane batches. A call during a sweep gets that one's counts. */
  runOnce(): Promise<ResultSweepCounts> {
    this.running ??= this.sweep().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async sweep(): Promise<ResultSweepCounts> {
    let rows = 0;
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page: { id: number }[] = await this.reads.query(DISCARDED, [after, BATCH]);
      const { results } = await this.apart.each(
        page.map(({ id }) => id),
        String,
        (setIds) => this.remove(setIds),
      );
      for (const removed of results) rows += removed;
      after = page.at(-1)?.id;
    }
    return { rows };
  }

  private async remove(setIds: readonly number[]): Promise<number> {
    let rows = 0;
    for (;;) {
      const removed = await this.unitOfWork.run((tx) => removeRowSets(tx, setIds, BATCH), 'bulk');
      rows += removed.rows;
      if (removed.records < BATCH) return rows;
    }
  }
}

export const DISCARDED = `
  SELECT id FROM row_sets WHERE is_discarded = 1 AND id > ? ORDER BY id LIMIT ?`;
