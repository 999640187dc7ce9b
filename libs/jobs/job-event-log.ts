import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import type { JobEventType, TaskEventType } from './job-events';
import type { JobStatus } from './job-state';

/** An event as it was written: of the job itself, or of one of its tasks. */
export type LoggedEvent = LoggedJobEvent | LoggedTaskEvent;

interface LoggedEventBase {
  /** Grows over all jobs; of a job that was written to by one process, in the order of the commits. */
  readonly position: number;
  readonly run: number;
  /** Epoch ms. */
  readonly at: number;
}

export interface LoggedJobEvent extends LoggedEventBase {
  readonly type: JobEventType;
  readonly seq: number;
  readonly task: null;
}

export interface LoggedTaskEvent extends LoggedEventBase {
  readonly type: TaskEventType;
  readonly task: { readonly id: string; readonly index: number };
  readonly data: Readonly<Record<string, unknown>>;
}

/** A job as its events have left it. */
export interface JobPosition {
  readonly status: JobStatus;
  /** Of its last event. */
  readonly position: number;
  readonly taskCount: number;
}

/** The same with what the last of its own events says. */
export interface JobState extends JobPosition {
  readonly run: number;
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
}

interface EventRow {
  readonly position: number;
  readonly type: string;
  readonly run: number;
  readonly seq: number | null;
  readonly data: string;
  readonly created_at: number;
  readonly task_id: string | null;
  readonly task_index: number | null;
}

/** Reads back, in order, what `JobEvents` has written. */
@Injectable()
export class JobEventLog {
  /** In one statement, so that state and position belong together. Null for a job that is not there, or hidden. */
  async position(db: Queryable, jobId: string): Promise<JobPosition | null> {
    const [row] = await db.query<JobPosition>(POSITION, [jobId]);
    if (row === undefined) return null;
    const { status, position, taskCount } = row;
    return { status, position: Number(position), taskCount: Number(taskCount) };
  }

  /** The same with the job's run, and the number and time of its state. */
  async state(db: Queryable, jobId: string): Promise<JobState | null> {
    const [row] = await db.query<JobState>(STATE, [jobId]);
    if (row === undefined) return null;
    return {
      status: row.status,
      position: Number(row.position),
      taskCount: Number(row.taskCount),
      run: Number(row.run),
      seq: Number(row.seq),
      at: Number(row.at),
    };
  }

  /** Rows of the job's tasks that count. */
  async resultCount(db: Queryable, jobId: string): Promise<number> {
    const [row] = await db.query<{ count: number | null }>(RESULT_COUNT, [jobId]);
    return Number(row?.count ?? 0);
  }

  /** At most `limit` of the job's events after one position and up to another, by position. */
  async between(
    db: Queryable,
    jobId: string,
    after: number,
    upTo: number,
    limit: number,
  ): Promise<LoggedEvent[]> {
    const rows = await db.query<EventRow>(BETWEEN, [jobId, after, upTo, limit]);
    return rows.map(loggedEvent);
  }
}

/** A job's first event is written with it: there is always a last one. */
const POSITION_COLUMNS = `jobs.status AS "status", jobs.task_count AS "taskCount",
    (SELECT max(position) FROM events WHERE job_id = jobs.id) AS "position"`;

const POSITION = `
  SELECT ${POSITION_COLUMNS} FROM jobs WHERE jobs.id = ? AND jobs.hidden_at IS NULL`;

const STATE = `
  SELECT ${POSITION_COLUMNS}, jobs.run AS "run", jobs.event_seq AS "seq",
    (SELECT created_at FROM events WHERE job_id = jobs.id AND seq IS NOT NULL
     ORDER BY position DESC LIMIT 1) AS "at"
  FROM jobs WHERE jobs.id = ? AND jobs.hidden_at IS NULL`;

const RESULT_COUNT = 'SELECT sum(result_count) AS count FROM tasks WHERE job_id = ?';

const BETWEEN = `
  SELECT events.position, events.type, events.run, events.seq, events.data, events.created_at,
    events.task_id, tasks.task_index
  FROM events LEFT JOIN tasks ON tasks.id = events.task_id
  WHERE events.job_id = ? AND events.position > ? AND events.position <= ?
  ORDER BY events.position LIMIT ?`;

function loggedEvent(row: EventRow): LoggedEvent {
  const base = { position: Number(row.position), run: Number(row.run), at: Number(row.created_at) };
  if (row.task_id === null) {
    return { ...base, type: row.type as JobEventType, seq: Number(row.seq), task: null };
  }
  return {
    ...base,
    type: row.type as TaskEventType,
    task: { id: row.task_id, index: Number(row.task_index) },
    data: JSON.parse(row.data) as Record<string, unknown>,
  };
}
