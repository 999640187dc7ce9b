import { Injectable } from '@nestjs/common';
import { Clock, DomainError, canonicalJson, sha256Hex } from '@foreman/kernel';
import type { LeaseRequestKey } from '../lease-requests';

/** Longer than any network holds a packet back, and than agents repeat a call for. */
const REMEMBERED_MS = 600_000;

/** About 15 MB. Beyond it the oldest go first. */
const MAX_KEYS = 50_000;

interface SpentPoll {
  readonly bodySha256: string;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/**
 * Keys of polls that were answered: nothing to lease. A delayed duplicate of such a poll must neither
 * take a place nor a task, for nobody reads its answer. In memory: after a start, or when there are too
 * many, a duplicate costs at worst a lease that expires unburnt.
 */
@Injectable()
export class SpentPolls {
  /** In the order of their ends: a Map keeps it. */
  private readonly polls = new Map<string, SpentPoll>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.polls.size;
  }

  note(key: LeaseRequestKey): void {
    const name = nameOf(key);
    this.polls.delete(name);
    const atMs = this.clock.monotonicMs();
    this.polls.set(name, { bodySha256: sha256Hex(canonicalJson(key.body)), atMs });
    this.forgetOldest(atMs);
  }

  /** Whether a poll with this key was answered empty. @throws `idempotency.conflict` when it had another body. */
  has(key: LeaseRequestKey): boolean {
    this.forgetOldest(this.clock.monotonicMs());
    const spent = this.polls.get(nameOf(key));
    if (spent === undefined) return false;
    if (spent.bodySha256 !== sha256Hex(canonicalJson(key.body))) {
      throw new DomainError('idempotency.conflict', 'This key was used with another body.');
    }
    return true;
  }

  private forgetOldest(nowMs: number): void {
    for (const [name, { atMs }] of this.polls) {
      if (this.polls.size <= MAX_KEYS && nowMs - atMs < REMEMBERED_MS) return;
      this.polls.delete(name);
    }
  }
}

/** Of one length, however long the key is. */
function nameOf({ edgeId, path, key }: LeaseRequestKey): string {
  return sha256Hex(canonicalJson([edgeId, path, key]));
}
