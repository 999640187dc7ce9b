import { delay } from '@foreman/kernel';
import type { AgentParts } from './agent-parts';
import type { Completion, Executor, ProgressReport, TaskContext } from './executor';
import { failureReport } from './failure-report';
import { InputFiles } from './input-files';
import { LeaseHeartbeat } from './lease-heartbeat';
import type { HeartbeatListener } from './lease-heartbeat';
import { LeaseSender } from './lease-sender';
import { reportLostLease } from './lost-lease';
import type { Ending, HeldLease } from './outbox/outbox-entry';
import type { LeasedTask } from './protocol.types';
import { releaseLease } from './release-lease';
import { storedConfigIds } from './stored-config-ids';
import { TaskStopped } from './task-stop';
import type { StopCause } from './task-stop';
import { TaskUploads } from './task-uploads';

export interface TaskOutcome {
  /** `kept`: the outbox has the ending, for the next start to deliver. */
  readonly end: 'completed' | 'failed' | 'cancelled' | 'lost' | 'released' | 'kept';
  /** The lease that came with the completion. */
  readonly next: LeasedTask | null;
}

export interface TaskRunSettings {
  /** Asked when the task completes: may another task come with the answer? */
  readonly leasesNext: () => boolean;
  readonly heartbeatAnswered: HeartbeatListener['answered'];
  readonly tokenRefused: () => void;
  /** The outbox failed: the agent can promise nothing any more. */
  readonly outboxFailed: (error: unknown) => void;
}

/** An executor that ignores its aborted signal for so long is left behind when the agent stops. */
const ABANDON_AFTER_MS = 5_000;

/**
 * One attempt of one task, from its lease to the call that ends it. The executor fills the outbox, a sender empties
 * it; so an executor waits for its gateway only when the outbox is full, and what it has ended survives the process.
 */
export class TaskRun {
  /** Aborts the executor. */
  private readonly working = new AbortController();
  /** Aborts the sending as well: the lease is over for this process. */
  private readonly holding = new AbortController();
  private readonly heartbeat: LeaseHeartbeat;
  private readonly inputs: InputFiles;
  /** From then on the sender alone decides: its own success makes a heartbeat see a lost lease. */
  private isEnding = false;

  constructor(
    private readonly parts: AgentParts,
    private readonly task: LeasedTask,
    private readonly executor: Executor,
    private readonly settings: TaskRunSettings,
  ) {
    this.inputs = new InputFiles(parts, task, this.working.signal);
    this.heartbeat = new LeaseHeartbeat(parts, task, {
      answered: (answer, askedMs) => settings.heartbeatAnswered(answer, askedMs),
      ended: (cause) => this.leaseEnded(cause),
    });
  }

  /** Aborts the executor; only the first cause counts. */
  stop(cause: StopCause): void {
    if (!this.working.signal.aborted) this.working.abort(new TaskStopped(cause));
    if (cause === 'upload_refused' || this.holding.signal.aborted) return;
    this.holding.abort(new TaskStopped(cause));
    if (cause === 'token_refused') this.settings.tokenRefused();
  }

  /** Runs the attempt to its end; never throws. */
  async run(): Promise<TaskOutcome> {
    try {
      const { outbox } = this.parts;
      const isResumable = this.executor.resumable === true;
      const lease = await outbox.openLease(this.task, isResumable, this.holding.signal);
      return await this.runHeld(lease);
    } catch (error) {
      if (!this.holding.signal.aborted) this.settings.outboxFailed(error);
      return this.handBack();
    } finally {
      await Promise.all([this.heartbeat.stop(), this.inputs.remove()]);
    }
  }

  private async runHeld(lease: HeldLease): Promise<TaskOutcome> {
    this.heartbeat.start();
    const sender = new LeaseSender(this.parts, lease, this.holding.signal, {
      uploadRefused: () => {
        this.isEnding = true;
        this.stop('upload_refused');
      },
      leaseOver: (cause) => this.stop(cause),
      tokenRefused: () => this.stop('token_refused'),
    });
    // An outbox that fails must abort the executor too: both are waited for.
    const [sent] = await Promise.all([this.guarded(sender.run()), this.guarded(this.work(lease))]);
    const { end, next } = sent ?? STOPPED;
    return end === 'stopped' ? this.stopped(lease) : { end, next };
  }

  private async guarded<T>(part: Promise<T>): Promise<T | null> {
    try {
      return await part;
    } catch (error) {
      if (!this.holding.signal.aborted) this.settings.outboxFailed(error);
      this.stop('agent_stopping');
      return null;
    }
  }

  /** Lets the executor work, and puts the end of it into the outbox; rejects only when the outbox fails. */
  private async work(lease: HeldLease): Promise<void> {
    const { signal } = this.working;
    const uploads = new TaskUploads(this.parts.outbox, lease, signal);
    let ending: Ending;
    try {
      const completion = await this.execution(uploads);
      await uploads.close();
      const request = {
        ...summaryOf(completion, this.heartbeat.progress),
        artifacts: uploads.handedOver(),
      };
      // What is no JSON is the executor's failure, not the outbox's.
      JSON.stringify(request);
      ending = { type: 'complete', request, leasesNext: this.settings.leasesNext() };
    } catch (error) {
      // What was handed over before the failure (a log, say) goes first: after the report the lease is over.
      await uploads.close().catch(() => undefined);
      ending = { type: 'fail', request: failureReport(error) };
    }
    if (signal.aborted) return;
    this.isEnding = true;
    await this.parts.outbox.end(lease, ending, signal);
    const { taskId } = this.task;
    this.parts.log.debug({ taskId }, 'work has ended; its end is in the outbox');
    if (ending.type === 'complete') return;
    const { code, message: reason } = ending.request;
    this.parts.log.warn({ taskId, code, reason }, 'attempt failed');
  }

  private async execution(uploads: TaskUploads): Promise<Completion> {
    const context: TaskContext = {
      signal: this.working.signal,
      progress: (report) => this.heartbeat.report(report),
      postRows: (rows, resultFolder) => uploads.postRows(rows, resultFolder),
      storedConfigIds: (metrics) =>
        storedConfigIds(this.parts, this.task, metrics ?? [], this.working.signal),
      inputFile: (name) => this.inputs.path(name),
      putArtifact: (artifact) => uploads.putArtifact(artifact),
    };
    // In a function of its own, so that an executor that throws before its first await is a failure as well.
    const running = (async () => this.executor.run(this.task, context))();
    return Promise.race([running, this.abandonment()]);
  }

  /** Rejects some time after the agent was told to stop; for every other cause the slot waits for its executor. */
  private abandonment(): Promise<never> {
    const { signal } = this.holding;
    return new Promise((_, reject) => {
      const onAbort = () => {
        const { because } = signal.reason as TaskStopped;
        if (because === 'cancelled' || because === 'lease_lost') return;
        void delay(this.parts.clock, ABANDON_AFTER_MS).then(() => reject(signal.reason as Error));
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** What becomes of a lease that still has something in the outbox, or no end yet. */
  private async stopped(lease: HeldLease): Promise<TaskOutcome> {
    const { outbox } = this.parts;
    const { because } = this.holding.signal.reason as TaskStopped;
    if (because === 'cancelled') {
      outbox.closeLease(lease);
      return { end: 'cancelled', next: null };
    }
    if (because === 'lease_lost') {
      reportLostLease(this.parts, lease, outbox.closeLease(lease), null);
      return { end: 'lost', next: null };
    }
    // A refused token may be replaced by the operator: then the next start delivers what is here.
    if (because === 'token_refused' || outbox.endingType(lease) !== null) {
      return { end: 'kept', next: null };
    }
    outbox.closeLease(lease);
    return this.handBack();
  }

  private async handBack(): Promise<TaskOutcome> {
    return { end: (await releaseLease(this.parts, this.task)) ? 'released' : 'lost', next: null };
  }

  private leaseEnded(cause: StopCause): void {
    if (this.isEnding && cause === 'lease_lost') return;
    this.stop(cause);
  }
}

const STOPPED = { end: 'stopped', next: null } as const;

function countOf(value: number | undefined): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined;
}

/**
 * Field by field: an executor in plain JavaScript may return more than the contract takes. Counts that it left out, or that are none, are
 * those of its last progress, which no further heartbeat will carry.
 */
function summaryOf(completion: Completion, progress: ProgressReport): Completion {
  const { bestConfigIds, processedCount, totalCount, resultCount } = completion;
  return {
    bestConfigIds,
    processedCount: countOf(processedCount) ?? progress.processed,
    totalCount: countOf(totalCount) ?? progress.total,
    resultCount,
  };
}
