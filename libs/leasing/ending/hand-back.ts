import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '@foreman/database';
import { ArtifactPublication } from '@foreman/artifacts';
import { Clock, invalidField } from '@foreman/kernel';
import { LeaseFence, TaskLifecycle, type FailureResult } from '@foreman/jobs';
import { EndedAttempts } from './ended-attempts';
import { isOnlyTask } from './job-size';

export interface FailCommand {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly code: string;
  /** At most 2000 characters; the edge face cuts longer ones. */
  readonly message: string;
  readonly isRetryable: boolean;
  readonly retryAfterSeconds: number | null;
  /** Publish what was staged (logs, say) if the failure is final. */
  readonly keepsArtifacts: boolean;
}

const CODE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
export const FAILURE_MESSAGE_LIMIT = 2000;
const LONGEST_RETRY_SECONDS = 86_400;

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

  /** Repeated with the same lease: the same answer. @throws `lease.lost`, `task.not_found`, `request.invalid`. */
  async fail(edgeId: string, command: FailCommand): Promise<FailureResult> {
    checkFailure(command);
    return this.unitOfWork.run(async (tx) => {
      const { taskId, leaseToken } = command;
      const claim = { taskId, leaseToken, edgeId, now: this.clock.now() };
      const before = await this.ended.handedBack(tx, claim, 'failed');
      if (before !== null) return before;
      const task = await this.fence.hold(tx, claim);
      if (command.keepsArtifacts && this.tasks.isFinal(task, command)) {
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
      return this.tasks.fail(tx, task, command, claim.now);
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

function checkFailure(command: FailCommand): void {
  if (!CODE.test(command.code)) {
    throw invalidField('code', 'must be 1..100 of A-Z a-z 0-9 . _ -');
  }
  if (command.message.length > FAILURE_MESSAGE_LIMIT) {
    throw invalidField('message', `must be at most ${FAILURE_MESSAGE_LIMIT} characters`);
  }
  const seconds = command.retryAfterSeconds;
  if (seconds !== null && !(seconds >= 0 && seconds <= LONGEST_RETRY_SECONDS)) {
    throw invalidField('retryAfterSeconds', `must be from 0 to ${LONGEST_RETRY_SECONDS}`);
  }
}
