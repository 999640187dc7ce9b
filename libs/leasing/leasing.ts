import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, invalidField } from '@foreman/kernel';
import type { EdgePrincipal } from '@foreman/edges';
import type { TaskEntity } from '@foreman/jobs';
import type { LeaseAnswer, LeaseRequest, LeasedTask } from './lease-request';
import { LeaseRequests, type LeaseRequestKey } from './lease-requests';
import type { Poll, PollEnd } from './polls/parked-poll';
import { ParkedPolls } from './polls/parked-polls';
import { SpentPolls } from './polls/spent-polls';
import { TaskLeases } from './claiming/task-leases';
import { UnwantedLeases } from './ending/unwanted-leases';

const MAX_BATCH = 100;
const MAX_WAIT_SECONDS = 50;

/** A draining or stopped edge gets nothing; this long it should wait before it asks again. */
const NOT_RUNNING_RETRY_SECONDS = 30;

/** What one look at the database came to. */
interface Try {
  readonly items: LeasedTask[];
  /** Leased in it, though perhaps handed back since. */
  readonly taken: readonly TaskEntity[];
}

/** Leases tasks to edges, waiting for one if asked to. */
@Injectable()
export class Leasing {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly leases: TaskLeases,
    private readonly requests: LeaseRequests,
    private readonly polls: ParkedPolls,
    private readonly spent: SpentPolls,
    private readonly unwanted: UnwantedLeases,
  ) {}

  /**
   * Tasks for this edge, at least one within `waitSeconds` or none. Repeating a request with its
   * idempotency key gives the same leases while they live, or again none when there were none.
   * @throws `request.invalid`, `idempotency.conflict`, `idempotency.ended`, `rate.limited`.
   */
  async lease(edge: EdgePrincipal, request: LeaseRequest): Promise<LeaseAnswer> {
    checkRequest(request);
    const key = requestKey(edge, request);
    if (key !== null && this.spent.has(key)) {
      // Of two simultaneous calls with one key, the other may have leased something.
      return { items: await this.repeat(key, request), retryAfterSeconds: null };
    }
    if (edge.desired !== 'run') {
      // What it was leased before is told again: it finishes what it holds, if it hears of it.
      const items = key === null ? [] : await this.repeat(key, request);
      return this.answer(items, 'edge_not_running', key);
    }
    if (request.waitSeconds === 0) {
      const { items } = await this.tryOnce(edge, request, null);
      return this.answer(items, request.signal?.aborted ? 'caller_gone' : 'timeout', key);
    }
    const claimant = {
      edgeId: edge.edgeId,
      kinds: pollKinds(edge, request),
      labels: edge.labels,
      isLimited: edge.maxLeases !== null,
    };
    const pollKey = key === null ? null : `${key.path} ${key.key}`;
    const poll = this.polls.enter(claimant, pollKey, request.signal);
    let last: Try = { items: [], taken: [] };
    try {
      last = await this.tryUntil(edge, request, poll);
    } finally {
      poll.leave(last.taken);
    }
    return this.answer(last.items, poll.end ?? 'timeout', key);
  }

  private async tryUntil(edge: EdgePrincipal, request: LeaseRequest, poll: Poll): Promise<Try> {
    const endMs = this.clock.monotonicMs() + request.waitSeconds * 1000;
    for (;;) {
      const last = await this.tryOnce(edge, request, poll);
      const leftMs = endMs - this.clock.monotonicMs();
      if (last.taken.length > 0 || leftMs <= 0) return last;
      // An edge that holds all it may hold cannot take what it was woken for, but another can.
      if (edge.maxLeases !== null) poll.passOn();
      if ((await poll.wait(leftMs)) !== 'task') return last;
    }
  }

  private async tryOnce(
    edge: EdgePrincipal,
    request: LeaseRequest,
    poll: Poll | null,
  ): Promise<Try> {
    const now = this.clock.now();
    const taken = await this.unitOfWork.run((tx) => this.leaseIn(tx, edge, request, poll, now));
    const items = request.signal?.aborted ? [] : await this.leases.present(taken, request, now);
    const { signal, idempotency } = request;
    // Under a key a repeat will ask for them; without one nobody ever will.
    if (taken.length === 0 || !signal?.aborted || idempotency !== null) return { items, taken };
    await this.unwanted.giveBack(taken);
    return { items: [], taken };
  }

  /** Remembers that a keyed request was answered empty, unless nobody heard it or a newer one took over. */
  private answer(items: LeasedTask[], end: PollEnd, key: LeaseRequestKey | null): LeaseAnswer {
    const isHeard = end !== 'caller_gone' && end !== 'replaced';
    if (items.length === 0 && key !== null && isHeard) this.spent.note(key);
    const isTurnedAway = items.length === 0 && end === 'edge_not_running';
    return { items, retryAfterSeconds: isTurnedAway ? NOT_RUNNING_RETRY_SECONDS : null };
  }

  /** What this key has leased, without leasing anything; nothing if it has not. */
  private async repeat(key: LeaseRequestKey, request: LeaseRequest): Promise<LeasedTask[]> {
    const now = this.clock.now();
    const living = await this.unitOfWork.run((tx) => this.requests.replay(tx, key));
    return this.leases.present(living ?? [], request, now);
  }

  private async leaseIn(
    tx: Tx,
    edge: EdgePrincipal,
    request: LeaseRequest,
    poll: Poll | null,
    now: number,
  ): Promise<TaskEntity[]> {
    poll?.begin();
    // Its caller may have gone while this waited for its turn to write.
    if (request.signal?.aborted || (poll !== null && poll.end !== null)) return [];
    const { kinds, max, isResuming, resumeKinds } = request;
    const options = { kinds, max, isResuming, resumeKinds };
    const key = requestKey(edge, request);
    if (key === null) {
      return this.leases.lease(tx, edge, { ...options, leaseRequestId: null }, now);
    }
    const living = await this.requests.replay(tx, key);
    if (living !== null) return living;
    const leaseRequestId = this.requests.newId();
    const tasks = await this.leases.lease(tx, edge, { ...options, leaseRequestId }, now);
    if (tasks.length > 0) await this.requests.remember(tx, leaseRequestId, key, now);
    return tasks;
  }
}

function pollKinds(edge: EdgePrincipal, request: LeaseRequest): readonly string[] {
  const { kinds } = request;
  return kinds === undefined ? edge.kinds : edge.kinds.filter((kind) => kinds.includes(kind));
}

function requestKey(edge: EdgePrincipal, request: LeaseRequest): LeaseRequestKey | null {
  if (request.idempotency === null) return null;
  const { key, path } = request.idempotency;
  const { kinds, max, waitSeconds, isResuming, resumeKinds } = request;
  const asked = { kinds: kinds ?? null, max, waitSeconds, isResuming };
  const body = resumeKinds === undefined ? asked : { ...asked, resumeKinds };
  return { edgeId: edge.edgeId, path, key, body };
}

function checkRequest(request: LeaseRequest): void {
  if (!Number.isInteger(request.max) || request.max < 1 || request.max > MAX_BATCH) {
    throw invalidField('max', `must be a whole number from 1 to ${MAX_BATCH}`);
  }
  const { waitSeconds } = request;
  if (!(waitSeconds >= 0 && waitSeconds <= MAX_WAIT_SECONDS)) {
    throw invalidField('waitSeconds', `must be from 0 to ${MAX_WAIT_SECONDS}`);
  }
}
