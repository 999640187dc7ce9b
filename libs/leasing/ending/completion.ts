import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { ArtifactPublication, type DeclaredArtifact } from '@foreman/artifacts';
import { Clock } from '@foreman/kernel';
import {
  LeaseFence,
  TaskLifecycle,
  type JobStatus,
  type LeaseClaim,
  type Summary,
  type TaskEntity,
} from '@foreman/jobs';
import { ResultCheck } from '@foreman/results';
import type { EdgePrincipal } from '@foreman/edges';
import { EndedAttempts } from './ended-attempts';
import { isOnlyTask } from './job-size';
import type { LeasedTask } from '../lease-request';
import { LeaseRequests, type LeaseRequestKey } from '../lease-requests';
import { TaskLeases } from '../claiming/task-leases';

export interface CompleteCommand {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly bestConfigIds?: readonly string[];
  readonly processedCount?: number;
  readonly totalCount?: number;
  /** How many rows the edge says it has posted; checked against what is stored. */
  readonly resultCount?: number;
  readonly artifacts?: readonly DeclaredArtifact[];
  /** Lease the next task in the same transaction. */
  readonly wantsNext: boolean;
  /** Holds a repeat that wants the next task against the body of the first call. */
  readonly idempotency?: CompletionKey;
}

interface CompletionKey {
  readonly key: string;
  readonly path: string;
  readonly bodySha256: string;
}

export interface CompletionResult {
  readonly taskId: string;
  readonly jobStatus: JobStatus;
  readonly next: LeasedTask | null;
}

/** A lease that comes with a completion adopts no rows. */
const FRESH = { isResuming: false } as const;

/** leased -> completed: rows checked, artifacts published, task and perhaps job finalized, in one transaction. */
@Injectable()
export class Completion {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly tasks: TaskLifecycle,
    private readonly results: ResultCheck,
    private readonly artifacts: ArtifactPublication,
    private readonly ended: EndedAttempts,
    private readonly leases: TaskLeases,
    private readonly requests: LeaseRequests,
  ) {}

  /**
   * Repeated with the same lease: the same answer; `next` the same while it lives, else null.
   * @throws `lease.lost`, `task.not_found`, `results.incomplete`, `results.unknown_config`,
   * `artifact.incomplete`, `artifact.conflict`, `request.invalid`; `idempotency.conflict` for the key of
   * a completion with another body.
   */
  async complete(edge: EdgePrincipal, command: CompleteCommand): Promise<CompletionResult> {
    const { taskId, leaseToken } = command;
    const { jobStatus, next } = await this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      const claim = { taskId, leaseToken, edgeId: edge.edgeId, now };
      const before = await this.ended.completedJobStatus(tx, claim);
      if (before !== null)
        return { jobStatus: before, next: await this.sameNext(tx, edge, command) };
      const status = await this.completeNow(tx, claim, command);
      return { jobStatus: status, next: await this.next(tx, edge, command, now) };
    });
    const [leased = null] = await this.leases.present(next === null ? [] : [next], FRESH);
    return { taskId, jobStatus, next: leased };
  }

  private async completeNow(
    tx: Tx,
    claim: LeaseClaim,
    command: CompleteCommand,
  ): Promise<JobStatus> {
    const task = await this.fence.hold(tx, claim);
    const { resultCount, bestConfigIds } = command;
    await this.results.checkCompletion(tx, task, {
      ...(resultCount !== undefined && { resultCount }),
      ...(bestConfigIds && { bestConfigIds }),
    });
    const summary = summaryOf(task, command);
    const publication = {
      task,
      isOnlyTask: await isOnlyTask(tx, task.jobId),
      declared: command.artifacts ?? [],
      leaseToken: claim.leaseToken,
      now: claim.now,
    };
    await this.artifacts.publish(tx, publication, summary);
    const job = await this.tasks.complete(tx, task, summary, claim.now);
    return job.status;
  }

  /** The next lease belongs to this completion: repeating the call finds it again. */
  private async next(
    tx: Tx,
    edge: EdgePrincipal,
    command: CompleteCommand,
    now: number,
  ): Promise<TaskEntity | null> {
    if (!command.wantsNext) return null;
    const key = keyOf(edge, command);
    if (key !== null) {
      await this.requests.refuseOtherUse(tx, key);
      // Whether or not it leases: the key belongs to this body from here on.
      await this.requests.remember(tx, nextRequestId(command), key, now);
    }
    const options = { max: 1, ...FRESH, leaseRequestId: nextRequestId(command) };
    const { tasks } = await this.leases.lease(tx, edge.edgeId, options, now);
    return tasks[0] ?? null;
  }

  /** A repeat never leases: a delayed duplicate would take a task that nobody waits for. */
  private async sameNext(
    tx: Tx,
    edge: EdgePrincipal,
    command: CompleteCommand,
  ): Promise<TaskEntity | null> {
    if (!command.wantsNext) return null;
    const key = keyOf(edge, command);
    if (key !== null) await this.requests.refuseOtherUse(tx, key);
    const [living] = await this.requests.livingTasks(tx, nextRequestId(command));
    return living ?? null;
  }
}

function keyOf(edge: EdgePrincipal, command: CompleteCommand): LeaseRequestKey | null {
  const { idempotency, leaseToken } = command;
  if (idempotency === undefined) return null;
  const { key, path, bodySha256 } = idempotency;
  return { edgeId: edge.edgeId, path, key, body: { leaseToken, bodySha256 } };
}

/** With a key or without one, the lease names the request: one lease completes its task once. */
function nextRequestId(command: CompleteCommand): string {
  return `complete:${command.leaseToken}`;
}

/** What the edge did not count is taken from its last progress. */
function summaryOf(task: TaskEntity, command: CompleteCommand): Summary {
  return {
    bestConfigIds: [...(command.bestConfigIds ?? [])],
    processedCount: command.processedCount ?? (task.progressAt === null ? null : task.processed),
    totalCount: command.totalCount ?? task.total,
  };
}
