import type { OnStall, OnTaskFailure } from './job-state';

/** An input that a job or a task reads, under a name of its own. */
export interface NamedInput {
  readonly name: string;
  readonly inputId: string;
}

/** One task of a job as it is submitted. */
export interface TaskCommand {
  /** Laid over the job's payload, shallowly. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** The edge that alone may lease it; an id, already resolved. */
  readonly assignedEdgeId?: string;
  /** Labels its edge must have. */
  readonly requires?: Readonly<Record<string, string>>;
  /** Besides its job's; one of the same name takes that one's place. */
  readonly inputs?: readonly NamedInput[];
}

/** What it takes to submit a job. Absent fields get the contract's defaults. */
export interface JobCommand {
  readonly kind: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** 1..1000; absent: one task with the job's payload. */
  readonly tasks?: readonly TaskCommand[];
  /** Uploaded before; each of its tasks gets them. */
  readonly inputs?: readonly NamedInput[];
  readonly queue?: string;
  readonly priority?: number;
  /** Not leased before; epoch ms. */
  readonly runAt?: number;
  /** Never leased by then: failed with `job.not_started`. Counted from submission, or from `runAt`. */
  readonly startBySeconds?: number;
  readonly assignedEdgeId?: string;
  readonly requires?: Readonly<Record<string, string>>;
  readonly maxAttempts?: number;
  readonly leaseSeconds?: number;
  readonly timeoutSeconds?: number;
  /** A leased task has stalled when its counters stood still, and no row came, for so long. Absent: never. */
  readonly stallSeconds?: number;
  /** What a stall comes to: it is shown (the default), or its attempt fails with `task.stalled`. */
  readonly onStall?: OnStall;
  readonly ttlSeconds?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly onTaskFailure?: OnTaskFailure;
  /** The credential that submits; absent when a service embeds the libs. */
  readonly createdBy?: string;
}
