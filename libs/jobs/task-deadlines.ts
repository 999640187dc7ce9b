import { Injectable } from '@nestjs/common';
import type { TaskEntity } from './task.entity';

type Listener = (dueAt: number) => void;

/**
 * Tells the sweep, in memory, of every new moment at which the clock may end something: a lease, an
 * attempt, a wait. Said from `afterCommit` only. What moves a moment further away need not be told: the
 * sweep finds nothing, and looks for the next one.
 */
@Injectable()
export class TaskDeadlines {
  private readonly listeners: Listener[] = [];

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Epoch ms. */
  note(dueAt: number): void {
    for (const listener of this.listeners) listener(dueAt);
  }

  /** The first moment at which the clock may touch a leased task. */
  noteOfLease(task: TaskEntity): void {
    const { leaseExpiresAt, leasedAt, timeoutSeconds, stallDueAt } = task;
    const timeOutAt =
      leasedAt === null || timeoutSeconds === null ? null : leasedAt + timeoutSeconds * 1000;
    const moments = [leaseExpiresAt, timeOutAt, stallDueAt].filter((at) => at !== null);
    if (moments.length > 0) this.note(Math.min(...moments));
  }
}
