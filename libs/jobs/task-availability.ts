import { Injectable } from '@nestjs/common';

/** A task that can be leased from `availableAt` on; what a parked poll needs to know of it. */
export interface AvailableTask {
  readonly kind: string;
  readonly queue: string;
  readonly assignedEdgeId: string | null;
  readonly requires: Readonly<Record<string, string>> | null;
  /** Epoch ms. */
  readonly availableAt: number;
}

type Listener = (tasks: readonly AvailableTask[] | 'any') => void;

/**
 * Tells parked polls, in memory, that there is something to lease; announced from `afterCommit` only.
 * `'any'` when it is not known which tasks became available (a queue was resumed).
 */
@Injectable()
export class TaskAvailability {
  private readonly listeners: Listener[] = [];

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  announce(tasks: readonly AvailableTask[] | 'any'): void {
    for (const listener of this.listeners) listener(tasks);
  }
}
