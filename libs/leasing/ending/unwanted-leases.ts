import { Injectable, Logger } from '@nestjs/common';
import { BadOnesApart, UnitOfWork, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { TaskEntity, TaskLifecycle } from '@foreman/jobs';

/** Leases whose edge will never hear of them: its connection was gone before the answer. */
@Injectable()
export class UnwantedLeases {
  private readonly apart: BadOnesApart;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly tasks: TaskLifecycle,
  ) {
    this.apart = new BadOnesApart(new Logger(UnwantedLeases.name), clock);
  }

  /**
   * Queues the tasks again at once, unburnt; those that were cancelled or revoked meanwhile are left alone. One that
   * cannot be given back runs out by its time.
   */
  async giveBack(leased: readonly TaskEntity[]): Promise<void> {
    await this.apart.each(
      leased,
      ({ id }) => id,
      (some) => this.unitOfWork.run((tx) => this.giveBackIn(tx, some)),
    );
  }

  private async giveBackIn(tx: Tx, leased: readonly TaskEntity[]): Promise<void> {
    const now = this.clock.now();
    for (const { id, leaseToken } of leased) {
      const [held] = await tx.entities(
        TaskEntity,
        `SELECT * FROM tasks WHERE id = ? AND status = 'leased' AND lease_token = ?`,
        [id, leaseToken],
      );
      if (held !== undefined) await this.tasks.release(tx, held, now);
    }
  }
}
