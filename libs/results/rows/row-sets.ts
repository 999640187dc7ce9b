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
  async currentOf(tx: Tx, task: Pick<TaskEntity, 'id' | 'jobId' | 'rowSetId'>): Promise<number> {
    if (task.rowSetId !== null) return task.rowSetId;
    const [made] = await tx.query<{ id: number }>(
      'INSERT INTO row_sets (task_id, job_id) VALUES (?, ?) RETURNING id',
      [task.id, task.jobId],
    );
    if (made === undefined) throw new Error('A new row set has no id');
    await tx.execute('UPDATE tasks SET row_set_id = ? WHERE id = ?', [made.id, task.id]);
    return made.id;
  }
}
