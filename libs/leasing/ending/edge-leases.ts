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

  /** Queues again, unburnt, all that a revoked edge holds; in the transaction of the revocation. Answers how many. */
  async revoke(tx: Tx, edgeId: string, now: number): Promise<number> {
    const held = await tx.entities(
      TaskEntity,
      `SELECT * FROM tasks WHERE status = 'leased' AND lease_edge_id = ?`,
      [edgeId],
    );
    for (const task of held) await this.tasks.revoke(tx, task, now);
    tx.afterCommit(() => this.polls.endOfEdge(edgeId));
    return held.length;
  }

  /** Lets the edge's parked polls be answered now, so that it learns that it is to drain or stop. */
  endPolls(edgeId: string): void {
    this.polls.endOfEdge(edgeId);
  }

  /** The same when it can run other tasks than before: it asks again at once, and is looked at anew. */
  renewPolls(edgeId: string): void {
    this.polls.endOfEdge(edgeId, 'edge_changed');
  }
}
