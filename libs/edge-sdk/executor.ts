import type { LeasedTask, ResultRow, StoredConfig } from './protocol.types';

/** A named, typed blob that an executor hands over while it runs. */
export interface TaskArtifact {
  /** 1..120 of `A-Z a-z 0-9 . _ -`, not starting with a dot or with digits and a dot. */
  readonly name: string;
  readonly contentType: string;
  /** A string is stored as UTF-8. */
  readonly body: Buffer | string;
}

/** Counters and a short text for whoever watches the job; the next heartbeat carries the latest of each. */
export interface ProgressReport {
  readonly processed?: number;
  readonly total?: number;
  /** Cut to 200 characters. */
  readonly status?: string;
}

/**
 * What the runtime gives to an executor for one attempt of one task. What it hands over is safe on this machine's disk
 * when the promise resolves, and on its way to the gateway, in this order. An upload that the gateway refuses later
 * aborts the signal and fails the attempt: a task never completes without what it meant to send.
 */
export interface TaskContext {
  /** Aborts when the task was cancelled, its lease was lost, an upload was refused, or the agent must stop. Stop soon; nothing more is accepted. */
  readonly signal: AbortSignal;
  /** Never throws, never waits. */
  progress(report: ProgressReport): void;
  /**
   * Settles when the rows are in the outbox, split into batches; waits while it is full (a gateway that is away, a
   * full disk). Await it before making more rows: that is what keeps memory bounded.
   */
  postRows(rows: readonly ResultRow[], resultFolder?: string): Promise<void>;
  /**
   * The configs whose rows count already, each with those of the named metrics that its row has: what a resumable
   * executor need not make again when `task.resume` tells of rows. Waits while the gateway is away; rows that were
   * handed over under this lease may be missing. Rejects with the gateway's refusal, or the signal's reason.
   */
  storedConfigIds(metrics?: readonly string[]): Promise<ReadonlyMap<string, StoredMetrics>>;
  /**
   * The path of a file with exactly the bytes of the input of that name, verified; small ones are in `task.inputs` by
   * value as well. It is fetched when it is first asked for, over as many connections as it takes, and gone when the
   * attempt has ended. Rejects with a `TaskFailure` (`input.missing`, `input.corrupted`,
   * `input.unreadable`), the gateway's refusal, or the signal's reason.
   */
  inputFile(name: string): Promise<string>;
  /**
   * Settles when the artifact is in the outbox; waits while that is full. The same name again replaces it.
   * Rejects with a final `TaskFailure` (`outbox.too_small`) for one that is larger than the whole outbox.
   */
  putArtifact(artifact: TaskArtifact): Promise<void>;
}

/** Of one stored row, by name. */
export type StoredMetrics = NonNullable<StoredConfig['metrics']>;

/** The compact summary of a finished task. Artifacts were put before: the runtime names them by digest. */
export interface Completion {
  readonly bestConfigIds?: readonly string[];
  readonly processedCount?: number;
  readonly totalCount?: number;
  /** When given, the gateway refuses to complete with another number of rows stored. */
  readonly resultCount?: number;
}

/** Runs the tasks of one kind. One instance may run several tasks at a time. */
export interface Executor {
  readonly kind: string;
  /** True if it goes on from `task.resume` instead of starting over; then earlier attempts' rows are adopted. */
  readonly resumable?: boolean;
  /** Resolves with the summary, or throws; a `TaskFailure` says whether another attempt could succeed. */
  run(task: LeasedTask, context: TaskContext): Promise<Completion>;
}

/** An attempt that ended badly, in the executor's own words. Any other error is taken as retryable. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure';

  constructor(
    /** Dotted, lower case, like `chat.model_missing`; what operators filter by. */
    readonly code: string,
    message: string,
    readonly retryable: boolean,
    /** The earliest sensible time for another attempt. */
    readonly retryAfterSeconds?: number,
    /** Publish what was staged (a log, say) if no other attempt follows. */
    readonly keepArtifacts: boolean = false,
  ) {
    super(message);
  }
}
