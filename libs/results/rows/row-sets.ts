import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import type { TaskEntity } from '@foreman/jobs';

/** Which of a task's rows count. */
@Injectable()
export class RowSets {
  /**
   * A lease that did not say `resume` starts with no rows: those of earlier leases stop counting at
   * once, and are swept later. Called in the leasing transaction, which holds the task.
   */
  async startFresh(tx: Tx, task: Pick<TaskEntity, 'id' | 'rowSetId'>): Promise<void> {
    if (task.rowSetId !== null) {
      const left = await tx.execute(
        'UPDATE tasks SET row_set_id = NULL, result_count = 0 WHERE id = ? AND row_set_id = ?',
        [task.id, task.rowSetId],
      );
      if (left > 0) {
        await tx.execute('UPDATE row_sets SET is_discarded = 1 WHERE id = ?', [task.rowSetId]);
      }
    }
    await tx.execute(
      'UPDATE tasks SET result_folder = NULL WHERE id = ? AND result_folder IS NOT NULL',
      [task.id],
    );
  }

  /** The set that the task's rows go to: its own, or a new one, which the task then names. */
  async currentOf(
    tx: Tx,
    task: Pick<TaskEntity, 'id' | 'jobId' | 'rowSetId'>,
  ): Promise<CurrentSet> {
    const [set] =
      task.rowSetId === null
        ? await tx.query<CurrentSet>(NEW_SET, [task.id, task.jobId])
        : await tx.query<CurrentSet>(SET, [task.rowSetId]);
    if (set === undefined) throw new Error(`Task ${task.id} has no row set`);
    if (task.rowSetId === null) {
      await tx.execute('UPDATE tasks SET row_set_id = ? WHERE id = ?', [set.id, task.id]);
    }
    return set;
  }
}

/** A set, and how far its rows are in metric chunks: up to which row id, and how many these are. */
export interface CurrentSet {
  readonly id: number;
  readonly foldedThrough: number;
  readonly foldedRows: number;
}

const COLUMNS = 'id, folded_through AS "foldedThrough", folded_rows AS "foldedRows"';
const NEW_SET = `INSERT INTO row_sets (task_id, job_id) VALUES (?, ?) RETURNING ${COLUMNS}`;
const SET = `SELECT ${COLUMNS} FROM row_sets WHERE id = ?`;
