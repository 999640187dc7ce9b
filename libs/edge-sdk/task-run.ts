import { GatewayProblem, retrying } from '@foreman/gateway-http';
import { delay } from '@foreman/kernel';
import type { AgentParts } from './agent-parts';
import type { Completion, Executor, ProgressReport, TaskContext } from './executor';
import { failureReport } from './failure-report';
import { LeaseHeartbeat } from './lease-heartbeat';
import type { HeartbeatListener } from './lease-heartbeat';
import type { CompleteAnswer, LeasedTask } from './protocol.types';
import { releaseLease } from './release-lease';
import { TaskStopped, stopCauseOf } from './task-stop';
import type { StopCause } from './task-stop';
import { TaskUploads } from './task-uploads';

export interface TaskOutcome {
  readonly end: 'completed' | 'failed' | 'cancelled' | 'lost' | 'released';
  /** The lease that came with the completion. */
  readonly next: LeasedTask | null;
}

export interface TaskRunSettings {
  /** Asked when the task completes: may another task come with the answer? */
  readonly leasesNext: () => boolean;
  readonly heartbeatAnswered: HeartbeatListener['answered'];
  readonly tokenRefused: () => void;
}

/** An executor that ignores its aborted signal for so long is left behind when the agent stops. */
const ABANDON_AFTER_MS = 5_000;

/** One attempt of one task, from its lease to the call that ends it. */
export class TaskRun {
  private readonly stopper = new AbortController();
  private readonly heartbeat: LeaseHeartbeat;
  private readonly uploads: TaskUploads;
  /** From then on the ending call alone decides: its own success makes a heartbeat see a lost lease. */
  private isEnding = false;

  constructor(
    private readonly parts: AgentParts,
    private readonly task: LeasedTask,
    private readonly executor: Executor,
    private readonly settings: TaskRunSettings,
  ) {
    this.heartbeat = new LeaseHeartbeat(parts, task, {
      answered: (answer) => settings.heartbeatAnswered(answer),
      ended: (cause) => this.leaseEnded(cause),
    });
    this.uploads = new TaskUploads(parts, task, this.stopper.signal, (cause) => this.stop(cause));
  }

  /** Aborts the executor; only the first cause counts. */
  stop(cause: StopCause): void {
    if (this.stopper.signal.aborted) return;
    this.stopper.abort(new TaskStopped(cause));
    if (cause === 'token_refused') this.settings.tokenRefused();
  }

  /** Runs the attempt to its end; never throws. */
  async run(): Promise<TaskOutcome> {
    this.heartbeat.start();
    try {
      const completion = await this.execution();
      await this.uploads.close();
      const { next } = await this.complete(completion);
      return { end: 'completed', next };
    } catch (error) {
      return { end: await this.endWithout(error), next: null };
    } finally {
      await this.heartbeat.stop();
    }
  }

  private async execution(): Promise<Completion> {
    const { signal } = this.stopper;
    const context: TaskContext = {
      signal,
      progress: (report) => this.heartbeat.report(report),
      postRows: (rows, resultFolder) => this.uploads.postRows(rows, resultFolder),
      putArtifact: (artifact) => this.uploads.putArtifact(artifact),
    };
    // In a function of its own, so that an executor that throws before its first await is a failure as well.
    const running = (async () => this.executor.run(this.task, context))();
    return Promise.race([running, this.abandonment()]);
  }

  /** Rejects some time after the agent was told to stop; for every other cause the slot waits for its executor. */
  private abandonment(): Promise<never> {
    const { signal } = this.stopper;
    return new Promise((_, reject) => {
      const onAbort = () => {
        const { because } = signal.reason as TaskStopped;
        if (because === 'cancelled' || because === 'lease_lost') return;
        void delay(this.parts.clock, ABANDON_AFTER_MS).then(() => reject(signal.reason as Error));
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private async complete(completion: Completion): Promise<CompleteAnswer> {
    this.isEnding = true;
    const request = {
      ...summaryOf(completion, this.heartbeat.progress),
      artifacts: this.uploads.staged(),
    };
    // Decided once: a retry must be the same request.
    const leasesNext = this.settings.leasesNext();
    const { signal } = this.stopper;
    return retrying(
      () => this.parts.connection.complete(this.task, request, leasesNext, signal),
      this.retrySettings('completion'),
    );
  }

  private async endWithout(error: unknown): Promise<TaskOutcome['end']> {
    const cause = this.stopCause(error);
    if (cause === null) return this.fail(error);
    if (cause === 'cancelled') return 'cancelled';
    if (cause === 'token_refused') this.stop(cause);
    if (cause !== 'agent_stopping') return 'lost';
    return (await releaseLease(this.parts, this.task)) ? 'released' : 'lost';
  }

  private async fail(error: unknown): Promise<TaskOutcome['end']> {
    // What was handed over before the failure (a log, say) goes first: after the report the lease is over.
    await this.uploads.close().catch(() => undefined);
    if (this.stopper.signal.aborted) return this.endWithout(error);
    this.isEnding = true;
    const report = failureReport(error);
    const { taskId } = this.task;
    this.parts.log.warn({ taskId, code: report.code, reason: report.message }, 'attempt failed');
    try {
      await retrying(
        () => this.parts.connection.fail(this.task, report, this.stopper.signal),
        this.retrySettings('failure'),
      );
      return 'failed';
    } catch (refusal) {
      if (this.stopCause(refusal) !== null) return this.endWithout(refusal);
      // Not handed back: unburnt, the same task would come and fail here for ever. The lease runs out instead.
      this.parts.log.error({ taskId, reason: String(refusal) }, 'failure report was refused');
      return 'lost';
    }
  }

  private stopCause(error: unknown): StopCause | null {
    const { aborted, reason } = this.stopper.signal;
    if (aborted) return (reason as TaskStopped).because;
    return error instanceof GatewayProblem ? stopCauseOf(error) : null;
  }

  private leaseEnded(cause: StopCause): void {
    if (this.isEnding && cause !== 'token_refused') return;
    this.stop(cause);
  }

  private retrySettings(what: string) {
    const { clock, random, log } = this.parts;
    return {
      clock,
      random,
      signal: this.stopper.signal,
      onRetry: ({ error, delayMs }: { error: Error; delayMs: number }) =>
        log.warn(
          { taskId: this.task.taskId, delayMs, reason: error.message },
          `${what} not accepted yet; trying again`,
        ),
    };
  }
}

/**
 * Field by field: an executor in plain JavaScript may return more than the contract takes. Counts that it left out are
 * those of its last progress, which no further heartbeat will carry.
 */
function summaryOf(completion: Completion, progress: ProgressReport): Completion {
  const { bestConfigIds, processedCount, totalCount, resultCount } = completion;
  return {
    bestConfigIds,
    processedCount: processedCount ?? progress.processed,
    totalCount: totalCount ?? progress.total,
    resultCount,
  };
}
