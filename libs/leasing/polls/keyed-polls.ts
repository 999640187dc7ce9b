import { Injectable } from '@nestjs/common';
import { Clock, DomainError, canonicalJson, sha256Hex } from '@foreman/kernel';
import type { LeaseAnswer } from '../lease-request';
import type { LeaseRequestKey } from '../lease-requests';

/** Longer than any network holds a packet back, and than agents repeat a call for. */
const REMEMBERED_MS = 600_000;

/** About 15 MB. Beyond it the oldest go first. */
const MAX_SPENT = 50_000;

interface SpentPoll {
  readonly bodySha256: string;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** A poll that is under way, with all who asked for it. */
interface SharedPoll {
  readonly bodySha256: string;
  /** Aborted when the last of them has gone. */
  readonly gone: AbortController;
  callers: number;
  answer: Promise<LeaseAnswer>;
}

/**
 * Polls with an `Idempotency-Key`, in memory. Copies that arrive together are one poll with one answer.
 * A delayed copy of a poll that was answered 'nothing' takes neither a place nor a task, for nobody reads
 * its answer. After a start, or when there are too many, such a copy costs at worst a lease that expires
 * unburnt. What a poll has leased is remembered in the database (LeaseRequests).
 */
@Injectable()
export class KeyedPolls {
  private readonly underWay = new Map<string, SharedPoll>();
  /** In the order of their ends: a Map keeps it. */
  private readonly spent = new Map<string, SpentPoll>();

  constructor(private readonly clock: Clock) {}

  /**
   * The answer of the poll with this key that is under way; else that of `poll`, which is aborted when
   * everybody who waits for it has gone. @throws `idempotency.conflict` when the other has another body.
   */
  async share(
    key: LeaseRequestKey,
    signal: AbortSignal | undefined,
    poll: (signal: AbortSignal) => Promise<LeaseAnswer>,
  ): Promise<LeaseAnswer> {
    const name = nameOf(key);
    for (;;) {
      const known = this.underWay.get(name);
      const shared = known ?? this.begin(name, key, poll);
      if (shared.bodySha256 !== bodySha256(key)) throw conflict();
      if (known === undefined || !shared.gone.signal.aborted) return join(shared, signal);
      // Everybody had gone before this one came: what they have leased, if anything, is found again.
      await shared.answer.catch(() => undefined);
    }
  }

  private begin(
    name: string,
    key: LeaseRequestKey,
    poll: (signal: AbortSignal) => Promise<LeaseAnswer>,
  ): SharedPoll {
    const gone = new AbortController();
    const answer = poll(gone.signal).finally(() => this.underWay.delete(name));
    const shared = { bodySha256: bodySha256(key), gone, callers: 0, answer };
    this.underWay.set(name, shared);
    return shared;
  }

  /** A poll was answered: nothing to lease. */
  noteSpent(key: LeaseRequestKey): void {
    const name = nameOf(key);
    this.spent.delete(name);
    const atMs = this.clock.monotonicMs();
    this.spent.set(name, { bodySha256: bodySha256(key), atMs });
    this.forgetOldest(atMs);
  }

  /** Whether a poll with this key was answered empty. @throws `idempotency.conflict` when it had another body. */
  isSpent(key: LeaseRequestKey): boolean {
    this.forgetOldest(this.clock.monotonicMs());
    const spent = this.spent.get(nameOf(key));
    if (spent === undefined) return false;
    if (spent.bodySha256 !== bodySha256(key)) throw conflict();
    return true;
  }

  get spentCount(): number {
    return this.spent.size;
  }

  private forgetOldest(nowMs: number): void {
    for (const [name, { atMs }] of this.spent) {
      if (this.spent.size <= MAX_SPENT && nowMs - atMs < REMEMBERED_MS) return;
      this.spent.delete(name);
    }
  }
}

async function join(shared: SharedPoll, signal: AbortSignal | undefined): Promise<LeaseAnswer> {
  shared.callers += 1;
  const leave = () => {
    shared.callers -= 1;
    if (shared.callers === 0) shared.gone.abort();
  };
  if (signal?.aborted) leave();
  else signal?.addEventListener('abort', leave, { once: true });
  try {
    return await shared.answer;
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

/** Of one length, however long the key is. */
function nameOf({ edgeId, path, key }: LeaseRequestKey): string {
  return sha256Hex(canonicalJson([edgeId, path, key]));
}

function bodySha256({ body }: LeaseRequestKey): string {
  return sha256Hex(canonicalJson(body));
}

function conflict(): DomainError {
  return new DomainError('idempotency.conflict', 'This key was used with another body.');
}
