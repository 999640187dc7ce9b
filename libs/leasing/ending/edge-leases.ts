import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { TaskEntity, TaskLifecycle } from '@foreman/jobs';
import { ParkedPolls } from '../polls/parked-polls';

/** What happens to an edge's leases and polls when an operator changes the edge. */
@Injectable()
export class EdgeLeases {
  constructor(
    private readonly tasks: TaskLifecycle,
    private readonly polls: ParkedPolls,
  ) {}

  /**
   * Queues again, unburnt, all that a revoked edge holds; in the transaction of the revocation. What it let expire
   * is no longer its own either: no call of it revives a lease. Answers how many it held.
   */
  async revoke(tx: Tx, edgeId: string, now: number): Promise<number> {
    const held = await tx.entities(
      TaskEntity,
      `SELECT * FROM tasks WHERE status = 'leased' AND lease_edge_id = ?`,
      [edgeId],
    );
    for (const task of held) await this.tasks.revoke(tx, task, now);
    await this.tasks.forgetExpired(tx, edgeId);
    tx.afterCommit(() => this.polls.lookAgain(edgeId));
    return held.length;
  }

  /** After an edge was changed: its parked polls look at once what it is now, and what it may lease. */
  lookAgain(edgeId: string): void {
    this.polls.lookAgain(edgeId);
  }
}
