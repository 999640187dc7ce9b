import type { AgentParts } from './agent-parts';
import type { Executor } from './executor';
import type { HeartbeatListener } from './lease-heartbeat';
import type { LeasedTask } from './protocol.types';
import { releaseLease } from './release-lease';
import { TaskRun } from './task-run';
import type { StopCause } from './task-stop';

export interface SlotSettings {
  readonly concurrency: number;
  readonly executors: readonly Executor[];
  /** False once the agent must take nothing more. */
  readonly takesTasks: () => boolean;
  readonly heartbeatAnswered: HeartbeatListener['answered'];
  readonly tokenRefused: () => void;
  readonly outboxFailed: (error: unknown) => void;
}

/** The tasks that an agent runs at a time, each in a slot that goes on with the task its completion brought. */
export class TaskSlots {
  private readonly slots = new Set<Promise<void>>();
  private readonly runs = new Set<TaskRun>();
  private whenFree: () => void = () => undefined;
  private readonly executors: ReadonlyMap<string, Executor>;
  /** Off where a kind is resumable, because such a lease adopts no rows (contract); and once a completion brought a kind that this agent has no executor for: its enrolment is wider. */
  private leasesWithCompletion: boolean;

  constructor(
    private readonly parts: AgentParts,
    private readonly settings: SlotSettings,
  ) {
    this.executors = new Map(settings.executors.map((executor) => [executor.kind, executor]));
    this.leasesWithCompletion = !settings.executors.some(({ resumable }) => resumable);
  }

  get free(): number {
    return this.settings.concurrency - this.slots.size;
  }

  /** Takes a lease into a slot of its own. */
  start(task: LeasedTask): void {
    const slot = this.runChain(task).finally(() => {
      this.slots.delete(slot);
      this.whenFree();
    });
    this.slots.add(slot);
  }

  /** Settles when a slot becomes free, or the signal aborts. */
  nextFree(signal: AbortSignal): Promise<void> {
    // No Promise.race over the slots: each race would hang one more reaction on a slot that runs for days.
    return new Promise((resolve) => {
      if (this.free > 0 || signal.aborted) return resolve();
      const wake = () => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.whenFree = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  async allDone(): Promise<void> {
    while (this.slots.size > 0) await Promise.all(this.slots);
  }

  stopAll(cause: StopCause): void {
    for (const run of this.runs) run.stop(cause);
  }

  private async runChain(first: LeasedTask): Promise<void> {
    let task: LeasedTask | null = first;
    while (task !== null) task = await this.runOne(task);
  }

  private async runOne(task: LeasedTask): Promise<LeasedTask | null> {
    const { taskId, jobId, kind, attempt } = task;
    const log = this.parts.log;
    const executor = this.executors.get(kind);
    if (executor === undefined) {
      this.leasesWithCompletion = false;
      log.error({ taskId, kind }, 'leased a kind that this agent cannot run; handing it back');
    }
    if (executor === undefined || !this.settings.takesTasks()) {
      await releaseLease(this.parts, task);
      return null;
    }
    const run = new TaskRun(this.parts, task, executor, {
      leasesNext: () => this.leasesWithCompletion && this.settings.takesTasks(),
      heartbeatAnswered: this.settings.heartbeatAnswered,
      tokenRefused: this.settings.tokenRefused,
      outboxFailed: this.settings.outboxFailed,
    });
    this.runs.add(run);
    log.info({ taskId, jobId, kind, attempt }, 'task started');
    const startedMs = this.parts.clock.monotonicMs();
    const { end, next } = await run.run();
    this.runs.delete(run);
    const durationMs = Math.round(this.parts.clock.monotonicMs() - startedMs);
    log.info({ taskId, jobId, kind, attempt, end, durationMs }, 'task ended');
    return next;
  }
}
