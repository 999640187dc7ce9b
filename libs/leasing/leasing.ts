import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, invalidField } from '@foreman/kernel';
import type { EdgePrincipal } from '@foreman/edges';
import type { TaskEntity } from '@foreman/jobs';
import type { LeaseAnswer, LeaseRequest, LeasedTask } from './lease-request';
import { LeaseRequests, type LeaseRequestKey } from './lease-requests';
import { KeyedPolls } from './polls/keyed-polls';
import type { Claimant, Poll, PollEnd } from './polls/parked-poll';
import { ParkedPolls } from './polls/parked-polls';
import { TaskLeases, wantedKinds, type Leases } from './claiming/task-leases';
import { UnwantedLeases } from './ending/unwanted-leases';

const MAX_BATCH = 100;
const MAX_WAIT_SECONDS = 50;

/** A draining or stopped edge gets nothing; this long it should wait before it asks again. */
const NOT_RUNNING_RETRY_SECONDS = 30;

/** What looking at the database came to. */
interface Try {
  readonly items: LeasedTask[];
  /** Leased in it, though perhaps handed back since. */
  readonly taken: readonly TaskEntity[];
  /** As it was then; null when it was not looked at. */
  readonly edge: EdgePrincipal | null;
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
    private readonly keyed: KeyedPolls,
    private readonly unwanted: UnwantedLeases,
  ) {}

  /**
   * Tasks for this edge, at least one within `waitSeconds` or none. Repeating a request with its
   * idempotency key gives the same leases while they live, or again none when there were none; while the
   * first call waits, its repeat waits with it. What the edge may lease is read where it is leased:
   * `edge` only says who asks.
   * @throws `request.invalid`, `auth.invalid`, `idempotency.conflict`, `idempotency.ended`, `rate.limited`.
   */
  async lease(edge: EdgePrincipal, request: LeaseRequest): Promise<LeaseAnswer> {
    checkRequest(request);
    const key = requestKey(edge, request);
    if (key === null) return this.ask(edge, request, null);
    return this.keyed.share(key, request.signal, (signal) =>
      this.ask(edge, { ...request, signal }, key),
    );
  }

  private async ask(
    edge: EdgePrincipal,
    request: LeaseRequest,
    key: LeaseRequestKey | null,
  ): Promise<LeaseAnswer> {
    if (key !== null && this.keyed.isSpent(key)) {
      return { items: [], retryAfterSeconds: null };
    }
    if (request.waitSeconds === 0) {
      const only = await this.tryOnce(edge.edgeId, request, key, null);
      return this.answer(only, request.signal?.aborted ? 'caller_gone' : 'timeout', key);
    }
    const poll = this.polls.enter(claimantOf(edge, request), request.signal);
    let last: Try = { items: [], taken: [], edge: null };
    try {
      last = await this.tryUntil(edge.edgeId, request, key, poll);
    } finally {
      poll.leave(last.taken);
    }
    return this.answer(last, poll.end ?? 'timeout', key);
  }

  private async tryUntil(
    edgeId: string,
    request: LeaseRequest,
    key: LeaseRequestKey | null,
    poll: Poll,
  ): Promise<Try> {
    const endMs = this.clock.monotonicMs() + request.waitSeconds * 1000;
    for (;;) {
      const last = await this.tryOnce(edgeId, request, key, poll);
      const leftMs = endMs - this.clock.monotonicMs();
      if (last.taken.length > 0 || leftMs <= 0 || last.edge?.desired !== 'run') return last;
      // An administrator has changed the edge: what was announced during the try may have passed it by.
      if (poll.become(claimantOf(last.edge, request))) continue;
      // An edge that holds all it may hold cannot take what it was woken for, but another can.
      if (last.edge.maxLeases !== null) poll.passOn();
      if ((await poll.wait(leftMs)) !== 'task') return last;
    }
  }

  private async tryOnce(
    edgeId: string,
    request: LeaseRequest,
    key: LeaseRequestKey | null,
    poll: Poll | null,
  ): Promise<Try> {
    let found: Leases | null;
    do {
      found = await this.unitOfWork.run((tx) => this.leaseIn(tx, edgeId, request, key, poll));
    } while (found?.isUnfinished === true);
    const { tasks: taken = [], edge = null } = found ?? {};
    const { signal } = request;
    const items = signal?.aborted ? [] : await this.leases.present(taken, request);
    // Under a key a repeat will ask for them; without one nobody ever will.
    if (taken.length === 0 || !signal?.aborted || key !== null) return { items, taken, edge };
    await this.unwanted.giveBack(taken);
    return { items: [], taken, edge };
  }

  private async leaseIn(
    tx: Tx,
    edgeId: string,
    request: LeaseRequest,
    key: LeaseRequestKey | null,
    poll: Poll | null,
  ): Promise<Leases | null> {
    poll?.begin();
    // Its caller may have gone while this waited for its turn to write.
    if (request.signal?.aborted || (poll !== null && poll.end !== null)) return null;
    const now = this.clock.now();
    const { kinds, max, isResuming, resumeKinds } = request;
    const options = { kinds, max, isResuming, resumeKinds };
    if (key === null)
      return this.leases.lease(tx, edgeId, { ...options, leaseRequestId: null }, now);
    // What the edge was leased before is told again also while it drains: it finishes what it holds.
    const living = await this.requests.replay(tx, key);
    if (living !== null) return { edge: null, tasks: living, isUnfinished: false };
    const leaseRequestId = this.requests.newId();
    const leases = await this.leases.lease(tx, edgeId, { ...options, leaseRequestId }, now);
    if (leases.tasks.length > 0) await this.requests.remember(tx, leaseRequestId, key, now);
    return leases;
  }

  /** Remembers that a keyed request was answered empty, unless nobody heard it. */
  private answer({ items, edge }: Try, end: PollEnd, key: LeaseRequestKey | null): LeaseAnswer {
    if (items.length === 0 && key !== null && end !== 'caller_gone') this.keyed.noteSpent(key);
    const isTurnedAway = items.length === 0 && edge !== null && edge.desired !== 'run';
    return { items, retryAfterSeconds: isTurnedAway ? NOT_RUNNING_RETRY_SECONDS : null };
  }
}

function claimantOf(edge: EdgePrincipal, request: LeaseRequest): Claimant {
  return {
    edgeId: edge.edgeId,
    kinds: wantedKinds(edge, request.kinds),
    labels: edge.labels,
    isLimited: edge.maxLeases !== null,
  };
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
