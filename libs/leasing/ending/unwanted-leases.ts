import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { TaskEntity, TaskLifecycle } from '@foreman/jobs';

/** Leases whose edge will never hear of them: its connection was gone before the answer. */
@Injectable()
export class UnwantedLeases {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly tasks: TaskLifecycle,
  ) {}

  /** Queues the tasks again at once, unburnt; those that were cancelled or revoked meanwhile are left alone. */
  async giveBack(leased: readonly TaskEntity[]): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      for (const { id, leaseToken } of leased) {
        const [held] = await tx.entities(
          TaskEntity,
          `SELECT * FROM tasks WHERE id = ? AND status = 'leased' AND lease_token = ?`,
          [id, leaseToken],
        );
        if (held !== undefined) await this.tasks.release(tx, held, now);
      }
    });
  }
}
