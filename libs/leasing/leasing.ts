import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, invalidField } from '@foreman/kernel';
import type { EdgePrincipal } from '@foreman/edges';
import type { TaskEntity } from '@foreman/jobs';
import type { LeaseAnswer, LeaseRequest, LeasedTask } from './lease-request';
import { LeaseRequests, type LeaseRequestKey } from './lease-requests';
import { ParkedPolls, type Poll } from './parked-polls';
import { TaskLeases } from './task-leases';

const MAX_BATCH = 100;
const MAX_WAIT_SECONDS = 50;

/** A draining or stopped edge gets nothing; this long it should wait before it asks again. */
const NOT_RUNNING_RETRY_SECONDS = 30;

/** Leases tasks to edges, waiting for one if asked to. */
@Injectable()
export class Leasing {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly leases: TaskLeases,
    private readonly requests: LeaseRequests,
    private readonly polls: ParkedPolls,
  ) {}

  /**
   * Tasks for this edge, at least one within `waitSeconds` or none. Repeating a request with its
   * idempotency key gives the same leases while they live.
   * @throws `request.invalid`, `idempotency.conflict`, `idempotency.ended`, `rate.limited`.
   */
  async lease(edge: EdgePrincipal, request: LeaseRequest): Promise<LeaseAnswer> {
    checkRequest(request);
    if (edge.desired !== 'run') {
      return { items: [], retryAfterSeconds: NOT_RUNNING_RETRY_SECONDS };
    }
    if (request.waitSeconds === 0) {
      return { items: await this.tryOnce(edge, request), retryAfterSeconds: null };
    }
    const claimant = { edgeId: edge.edgeId, kinds: pollKinds(edge, request), labels: edge.labels };
    const poll = this.polls.enter(claimant, request.idempotency?.key ?? null, request.signal);
    let items: LeasedTask[] = [];
    try {
      items = await this.tryUntil(edge, request, poll);
    } finally {
      poll.leave(items.length > 0);
    }
    return { items, retryAfterSeconds: null };
  }

  private async tryUntil(
    edge: EdgePrincipal,
    request: LeaseRequest,
    poll: Poll,
  ): Promise<LeasedTask[]> {
    const endMs = this.clock.monotonicMs() + request.waitSeconds * 1000;
    for (;;) {
      if (request.signal?.aborted) return [];
      const items = await this.tryOnce(edge, request);
      const leftMs = endMs - this.clock.monotonicMs();
      if (items.length > 0 || leftMs <= 0) return items;
      // An edge that holds all it may hold cannot take what it was woken for, but another can.
      if (edge.maxLeases !== null) poll.passOn();
      if ((await poll.wait(leftMs)) !== 'task') return [];
    }
  }

  private async tryOnce(edge: EdgePrincipal, request: LeaseRequest): Promise<LeasedTask[]> {
    const now = this.clock.now();
    const tasks = await this.unitOfWork.run((tx) => this.leaseIn(tx, edge, request, now));
    return Promise.all(tasks.map((task) => this.leases.present(task, request.isResuming, now)));
  }

  private async leaseIn(
    tx: Tx,
    edge: EdgePrincipal,
    request: LeaseRequest,
    now: number,
  ): Promise<TaskEntity[]> {
    const { kinds, max, isResuming } = request;
    const key = requestKey(edge, request);
    if (key === null) {
      return this.leases.lease(tx, edge, { kinds, max, isResuming, leaseRequestId: null }, now);
    }
    const living = await this.requests.replay(tx, key);
    if (living !== null) return living;
    const leaseRequestId = this.requests.newId();
    const tasks = await this.leases.lease(
      tx,
      edge,
      { kinds, max, isResuming, leaseRequestId },
      now,
    );
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
  const { kinds, max, waitSeconds, isResuming } = request;
  const body = { kinds: kinds ?? null, max, waitSeconds, isResuming };
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
