import type { AttemptOutcome, JobStatus, OnTaskFailure, TaskStatus } from '@foreman/jobs';

/**
 * What the contract and docs/state-machine.md say of jobs, tasks and leases, in plain objects and without a database.
 * Moments are `elapsed`: milliseconds that have passed, whatever the wall clock was set to meanwhile. Only what
 * somebody named (`runAt`) is a time of the wall clock.
 */
export interface World {
  readonly jobs: Job[];
  /** In the order of submission: what is oldest comes first. */
  readonly tasks: Task[];
  readonly edges: Edge[];
  readonly pausedQueues: Set<string>;
  readonly leaseRequests: LeaseRequestMade[];
  /** Keyed requests that were answered with nothing, since the last start. */
  spentRequests: SpentRequest[];
  /** Every attempt that was ever leased, in that order. */
  readonly grants: Grant[];
  readonly clock: WorldClock;
}

export interface WorldClock {
  elapsed: number;
  /** Added to `elapsed`: the wall clock. */
  wallOffset: number;
  /** Added to `elapsed`: the time that the engine counts in; follows the wall clock at each sweep. */
  engineOffset: number;
}

/** An edge as it stands now; a revoked one is replaced by a new one with the same abilities. */
export interface Edge {
  id: string;
  readonly kinds: readonly string[];
  labels: Readonly<Record<string, string>>;
  readonly maxLeases: number | null;
  isDraining: boolean;
}

export interface Job {
  readonly id: string;
  readonly tasks: Task[];
  readonly kind: string;
  readonly queue: string;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly leaseMs: number;
  readonly timeoutMs: number | null;
  readonly onTaskFailure: OnTaskFailure;
  status: JobStatus;
}

export interface Task {
  readonly id: string;
  readonly job: Job;
  readonly index: number;
  readonly requires: Readonly<Record<string, string>>;
  readonly assignedEdgeId: string | null;
  status: TaskStatus;
  readonly attempts: Attempt[];
  /** Attempts that count against `maxAttempts`. */
  burnt: number;
  /** Expiries before the start that did not count. */
  givenBack: number;
  lease: Lease | null;
  /** The attempt that a late call revives. */
  revivable: Attempt | null;
  /** From when on it can be leased while it is queued. */
  wait: Wait;
  /** Failed when it was never leased by then. */
  startBy: Moment | null;
  /** Ids of the configs of the rows that count. */
  rows: Set<string>;
  processed: number;
  errorCode: string | null;
}

/** A moment of `elapsed`, or of the wall clock when somebody named it. */
export interface Moment {
  at: number;
  isNamed: boolean;
}

export interface Wait extends Moment {
  /** What has come stays, though the clock be set back. */
  hasCome: boolean;
}

export interface Lease {
  readonly attempt: Attempt;
  /** What its time-out counts from. */
  leasedAt: number;
  expiresAt: number;
  /** It got its grace after a start, and was not heard of since. */
  isGraced: boolean;
}

export interface Attempt {
  readonly number: number;
  readonly edgeId: string;
  readonly token: string;
  /** The request that leased it, if that can be repeated. */
  readonly request: string | null;
  /** May lie ahead when the clock was set back while the engine was down. */
  leasedAt: number;
  isStarted: boolean;
  outcome: AttemptOutcome | null;
  isBurnt: boolean;
  errorCode: string | null;
  /** What its failure or hand-back was answered with, for repeats. */
  handedBack: HandedBack | null;
}

export interface HandedBack {
  readonly status: 'queued' | 'failed';
  /** As it was told then, in the engine's time. */
  readonly availableAt: number | null;
}

/** A lease as its edge knows it; it may be long over. */
export interface Grant {
  readonly task: Task;
  readonly edgeId: string;
  readonly token: string;
}

/** A request with an idempotency key that leased something. */
export interface LeaseRequestMade extends KeyOfRequest {
  readonly id: string;
}

export interface KeyOfRequest {
  readonly edgeId: string;
  readonly key: string;
  readonly body: LeaseBody;
}

export interface SpentRequest extends KeyOfRequest {
  /** In `elapsed`. */
  readonly at: number;
}

export interface LeaseBody {
  readonly kinds: readonly string[] | null;
  readonly max: number;
  readonly isResuming: boolean;
}

export function engineTime({ clock }: World, elapsed: number = clock.elapsed): number {
  return elapsed + clock.engineOffset;
}

export function isOpen(task: Task): boolean {
  return task.status === 'queued' || task.status === 'leased';
}

/** The attempt with this token, if this edge made it. */
export function attemptOf(task: Task, edgeId: string, token: string): Attempt | undefined {
  return task.attempts.find((attempt) => attempt.token === token && attempt.edgeId === edgeId);
}

/** A call that is refused; it changes nothing. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(code);
  }
}

/** The engine did what the world does not allow. */
export class Divergence extends Error {
  override readonly name = 'Divergence';
}
