import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { IdSource } from '@foreman/kernel';
import { JobChanges } from './job-changes';
import type { JobEntity } from './job.entity';
import type { TaskEntity } from './task.entity';

export type JobEventType =
  'job.created' | 'job.started' | 'job.completed' | 'job.failed' | 'job.cancelled' | 'job.retried';

export type TaskEventType =
  | 'task.leased'
  | 'task.revived'
  | 'task.requeued'
  | 'task.stalled'
  | 'task.advanced'
  | 'task.completed'
  | 'task.failed';

/** A fact about a job, as its subscribers get it inside the transaction. */
export interface JobEvent {
  readonly id: string;
  readonly type: JobEventType;
  readonly jobId: string;
  readonly kind: string;
  readonly run: number;
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
}

export type JobEventHandler = (tx: Tx, event: JobEvent) => Promise<void>;

/** Told of what is recorded: an event's type, and of a task's event what it says. Must not throw. */
export type RecordListener = (
  type: JobEventType | TaskEventType,
  data: Readonly<Record<string, unknown>>,
) => void;

/** Writes events, and tells libs above of a job's events inside the same transaction. */
@Injectable()
export class JobEvents {
  private readonly handlers: JobEventHandler[] = [];
  private readonly listeners: RecordListener[] = [];

  constructor(
    private readonly ids: IdSource,
    private readonly changes: JobChanges,
  ) {}

  /** `handler` runs in the event's transaction: if it throws, what happened did not happen. */
  subscribe(handler: JobEventHandler): void {
    this.handlers.push(handler);
  }

  /** `listener` is called once an event is durable: for counting, not for acting upon it. */
  onRecorded(listener: RecordListener): void {
    this.listeners.push(listener);
  }

  /** `job` is the row after its change, which has counted `eventSeq` up for this event. */
  recordOfJob(tx: Tx, type: JobEventType, job: JobEntity, at: number): Promise<void> {
    return this.recordOfJobs(tx, type, [job], at);
  }

  /** One event of each job. */
  async recordOfJobs(
    tx: Tx,
    type: JobEventType,
    jobs: readonly JobEntity[],
    at: number,
  ): Promise<void> {
    const events = jobs.map((job): JobEvent => {
      const { id: jobId, kind, run, eventSeq: seq } = job;
      return { id: this.ids.uuid(), type, jobId, kind, run, seq, at };
    });
    await tx.insertAll(
      'events',
      events.map(({ id, jobId, run, seq }) => {
        return { id, type, job_id: jobId, run, seq, data: '{}', created_at: at };
      }),
    );
    for (const event of events) {
      for (const handler of this.handlers) await handler(tx, event);
      this.tell(tx, type, {});
      this.changes.announce(tx, event.jobId);
    }
  }

  async recordOfTask(
    tx: Tx,
    type: TaskEventType,
    task: Pick<TaskEntity, 'id' | 'jobId' | 'attempt'>,
    at: number,
    data: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await tx.execute(
      `INSERT INTO events (id, type, job_id, task_id, run, data, created_at)
       SELECT ?, ?, id, ?, run, ?, ? FROM jobs WHERE id = ?`,
      [
        this.ids.uuid(),
        type,
        task.id,
        JSON.stringify({ attempt: task.attempt, ...data }),
        at,
        task.jobId,
      ],
    );
    this.tell(tx, type, data);
    this.changes.announce(tx, task.jobId);
  }

  private tell(
    tx: Tx,
    type: JobEventType | TaskEventType,
    data: Readonly<Record<string, unknown>>,
  ): void {
    if (this.listeners.length === 0) return;
    tx.afterCommit(() => {
      for (const listener of this.listeners) listener(type, data);
    });
  }
}
