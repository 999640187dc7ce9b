import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';

type Listener = () => void;

/**
 * Tells, in memory, that something about a job is durable that was not before: its events, its tasks'
 * progress, their rows. What it is, a listener looks up. A job that nobody watches costs one look into a
 * map. Another process's changes are not told: who watches must also look by itself now and then.
 */
@Injectable()
export class JobChanges {
  private readonly listeners = new Map<string, Set<Listener>>();

  /** To be told once `tx` has committed; who watches is only known then. */
  announce(tx: Tx, jobId: string): void {
    tx.afterCommit(() => this.tell(jobId));
  }

  /** `listener` must not throw and not wait. Answers how to stop. */
  watch(jobId: string, listener: Listener): () => void {
    const known = this.listeners.get(jobId) ?? new Set();
    this.listeners.set(jobId, known.add(listener));
    return () => {
      known.delete(listener);
      if (known.size === 0 && this.listeners.get(jobId) === known) this.listeners.delete(jobId);
    };
  }

  private tell(jobId: string): void {
    for (const listener of this.listeners.get(jobId) ?? []) listener();
  }
}
