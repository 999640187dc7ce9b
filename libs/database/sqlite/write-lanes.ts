import { DomainError } from '@foreman/kernel';
import type { Lane, Tx } from '../unit-of-work';

/** A unit of work that waits for its turn. */
export interface Caller {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Calls `fn` with the asynchronous context (request id and the like) that the caller came with. */
  readonly inItsContext: <T>(fn: () => T) => T;
}

export interface WriteLaneLimits {
  /** Control callers in one group: bounds how long the first of them waits for the last. */
  readonly maxGroupSize: number;
  /** Bulk callers in one group, while no control one waits. */
  readonly maxBulkGroupSize: number;
  /** Callers waiting in the control lane; more are refused with `server.busy`. */
  readonly maxControlWaiting: number;
  /** Callers waiting in the bulk lane; more are refused with `server.busy`. */
  readonly maxBulkWaiting: number;
}

/**
 * Two queues: all waiting control callers go as one group, and between groups one bulk caller. It is joined by
 * others only for as long as nobody waits in the control lane.
 */
export class WriteLanes {
  private readonly control: Caller[] = [];
  private readonly bulk: Caller[] = [];
  private bulkIsNext = false;
  /** How many more may join the group that was taken last: none in a control group. */
  private bulkPlaces = 0;

  constructor(private readonly limits: WriteLaneLimits) {}

  get isEmpty(): boolean {
    return this.control.length === 0 && this.bulk.length === 0;
  }

  /** How many callers wait in a lane. */
  waiting(lane: Lane): number {
    return (lane === 'control' ? this.control : this.bulk).length;
  }

  push(caller: Caller, lane: Lane): void {
    const queue = lane === 'control' ? this.control : this.bulk;
    const limit = lane === 'control' ? this.limits.maxControlWaiting : this.limits.maxBulkWaiting;
    if (queue.length >= limit) {
      throw new DomainError('server.busy', `${limit} ${lane} writes are waiting already.`, {
        retryAfterSeconds: 1,
      });
    }
    queue.push(caller);
  }

  /** The next callers to commit together: control ones, or, in their turn, a single bulk one. */
  takeGroup(): Caller[] {
    const takeBulk = this.bulk.length > 0 && (this.bulkIsNext || this.control.length === 0);
    // Only a bulk caller that has waited out a control group goes before the next one.
    this.bulkIsNext = !takeBulk && this.bulk.length > 0;
    this.bulkPlaces = takeBulk ? this.limits.maxBulkGroupSize - 1 : 0;
    return takeBulk ? this.bulk.splice(0, 1) : this.control.splice(0, this.limits.maxGroupSize);
  }

  /** Whether the group that was taken last may take another caller, as far as is known by now. */
  get hasJoiner(): boolean {
    return this.bulkPlaces > 0 && this.bulk.length > 0 && this.control.length === 0;
  }

  /** One more bulk caller for the bulk group that was taken last. */
  takeJoiner(): Caller | undefined {
    if (!this.hasJoiner) return undefined;
    this.bulkPlaces -= 1;
    return this.bulk.shift();
  }
}
