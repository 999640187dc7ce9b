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
  async startFresh(tx: Tx, task: Pick<TaskEntity, 'id' | 'rowSet'>): Promise<void> {
    const discarded = await tx.execute(
      `UPDATE tasks SET row_set = row_set + 1, result_count = 0
       WHERE id = ? AND row_set = ? AND result_count > 0`,
      [task.id, task.rowSet],
    );
    if (discarded > 0) {
      await tx.insert('discarded_row_sets', { task_id: task.id, row_set: task.rowSet });
    }
    await tx.execute(
      'UPDATE tasks SET result_folder = NULL WHERE id = ? AND result_folder IS NOT NULL',
      [task.id],
    );
  }
}
