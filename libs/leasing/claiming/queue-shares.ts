import { Injectable } from '@nestjs/common';

/** A queue that a claim may take from. */
export interface ShareholdingQueue {
  readonly name: string;
  /** 1..1000: leases of this queue beside those of the others. */
  readonly weight: number;
}

/**
 * Which queue is served next: start-time fair queueing over virtual time (Goyal, Vin and Cheng, 1996).
 * Each lease moves its queue on by `1 / weight`, and the queue that is furthest behind comes first; so
 * queues with work get leases in proportion to their weights, however long they are. A queue that had no
 * work, or no edge for it, starts where the others are: it saves nothing up, and owes nothing.
 *
 * Kept in memory, a number for each queue that is ahead: after a start, and between several gateways,
 * shares begin anew, which nobody can tell from the outcome. A lease that is rolled back stays counted.
 */
@Injectable()
export class QueueShares {
  /** Where the queue that was served last stood. */
  private virtualTime = 0;
  /** Where the queues stand that are ahead of it; all others stand at it. */
  private readonly positions = new Map<string, number>();

  /** The one that is furthest behind; among equals the first. */
  next<Q extends ShareholdingQueue>(queues: Iterable<Q>): Q | null {
    let first: Q | null = null;
    for (const queue of queues) {
      if (first === null || this.positionOf(queue.name) < this.positionOf(first.name))
        first = queue;
    }
    return first;
  }

  /** Counts one lease. */
  charge(queue: ShareholdingQueue): void {
    const position = this.positionOf(queue.name);
    this.positions.set(queue.name, position + 1 / queue.weight);
    if (position === this.virtualTime) return;
    this.virtualTime = position;
    this.forgetThoseBehind();
  }

  /** How many queues are remembered: bounded by those served since the slowest of them was. */
  get size(): number {
    return this.positions.size;
  }

  private positionOf(name: string): number {
    return Math.max(this.virtualTime, this.positions.get(name) ?? 0);
  }

  private forgetThoseBehind(): void {
    for (const [name, position] of this.positions) {
      if (position <= this.virtualTime) this.positions.delete(name);
    }
  }
}
