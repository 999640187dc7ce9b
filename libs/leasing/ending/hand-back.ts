import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '@foreman/database';
import { ArtifactPublication } from '@foreman/artifacts';
import { Clock, fittedFailure } from '@foreman/kernel';
import { LeaseFence, TaskLifecycle, type FailureResult } from '@foreman/jobs';
import { EndedAttempts } from './ended-attempts';
import { isOnlyTask } from './job-size';

/** What its edge says of a failure may have any form: it is made to fit (`fittedFailure`), never refused. */
export interface FailCommand {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly code?: unknown;
  readonly message?: unknown;
  /** What is no boolean is true. */
  readonly isRetryable?: unknown;
  /** What is no finite number is a backoff. */
  readonly retryAfterSeconds?: unknown;
  /** Publish what was staged (logs, say) if the failure is final. What is no boolean is false. */
  readonly keepsArtifacts?: unknown;
}

/** The ends of a lease that do not complete its task: the edge failed, or gives it back. */
@Injectable()
export class HandBack {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly tasks: TaskLifecycle,
    private readonly ended: EndedAttempts,
    private readonly artifacts: ArtifactPublication,
  ) {}

  /** Repeated with the same lease: the same answer. @throws `lease.lost`, `task.not_found`. */
  async fail(edgeId: string, command: FailCommand): Promise<FailureResult> {
    const failure = failureOf(command);
    return this.unitOfWork.run(async (tx) => {
      const { taskId, leaseToken } = command;
      const claim = { taskId, leaseToken, edgeId, now: this.clock.now() };
      const before = await this.ended.handedBack(tx, claim, 'failed');
      if (before !== null) return before;
      const task = await this.fence.hold(tx, claim);
      if (failure.keepsArtifacts && this.tasks.isFinal(task, failure)) {
        // Before the failure: the event of a job that fails with it tells of them.
        await this.artifacts.publishStaged(tx, {
          task,
          isOnlyTask: await isOnlyTask(tx, task.jobId),
          leaseToken,
          now: claim.now,
        });
      } else {
        await this.artifacts.discardStaged(tx, task.id, claim.now);
      }
      return this.tasks.fail(tx, task, failure, claim.now);
    });
  }

  /** Hands the task back unburnt. Repeated: the same answer. @throws `lease.lost`, `task.not_found`. */
  async release(edgeId: string, taskId: string, leaseToken: string): Promise<FailureResult> {
    return this.unitOfWork.run(async (tx) => {
      const claim = { taskId, leaseToken, edgeId, now: this.clock.now() };
      const before = await this.ended.handedBack(tx, claim, 'released');
      if (before !== null) return before;
      const task = await this.fence.hold(tx, claim);
      await this.artifacts.discardStaged(tx, task.id, claim.now);
      return this.tasks.release(tx, task, claim.now);
    });
  }
}

function failureOf(command: FailCommand) {
  const { code, message, retryable, retryAfterSeconds, keepArtifacts } = fittedFailure({
    code: command.code,
    message: command.message,
    retryable: command.isRetryable,
    retryAfterSeconds: command.retryAfterSeconds,
    keepArtifacts: command.keepsArtifacts,
  });
  return {
    code,
    message,
    isRetryable: retryable ?? true,
    retryAfterSeconds: retryAfterSeconds ?? null,
    keepsArtifacts: keepArtifacts ?? false,
  };
}
