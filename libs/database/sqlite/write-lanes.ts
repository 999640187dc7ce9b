import { DomainError } from '@foreman/kernel';
import type { Lane, Tx } from '../unit-of-work';

/** A unit of work that waits for its turn. */
export interface Caller {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whether it is a bulk caller so short that others of its kind may join its commit. */
  readonly sharesCommit: boolean;
  /** Calls `fn` with the asynchronous context (request id and the like) that the caller came with. */
  readonly inItsContext: <T>(fn: () => T) => T;
}

export interface WriteLaneLimits {
  /** Control callers in one group: bounds how long the first of them waits for the last. */
  readonly maxGroupSize: number;
  /** Short bulk callers in one group: bounds what a control caller finds under way. */
  readonly maxRowsGroupSize: number;
  /** Callers waiting in the control lane; more are refused with `server.busy`. */
  readonly maxControlWaiting: number;
  /** Callers waiting in the bulk lane; more are refused with `server.busy`. */
  readonly maxBulkWaiting: number;
}

/** Two queues: all waiting control callers go as one group, and between groups one bulk caller, or a few short ones. */
export class WriteLanes {
  private readonly control: Caller[] = [];
  private readonly bulk: Caller[] = [];
  private bulkIsNext = false;
  /** How many more short bulk callers may join the group that was taken last. */
  private joinersLeft = 0;

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
    const group = takeBulk
      ? this.bulk.splice(0, 1)
      : this.control.splice(0, this.limits.maxGroupSize);
    const canBeJoined = takeBulk && group[0]?.sharesCommit === true;
    this.joinersLeft = canBeJoined ? this.limits.maxRowsGroupSize - 1 : 0;
    return group;
  }

  /** Whether a short bulk caller may share the commit of the group that was taken last. */
  get hasJoiner(): boolean {
    const isNext = this.bulk[0]?.sharesCommit === true;
    return isNext && this.joinersLeft > 0 && this.control.length === 0;
  }

  takeJoiner(): Caller | undefined {
    if (!this.hasJoiner) return undefined;
    this.joinersLeft -= 1;
    return this.bulk.shift();
  }
}
