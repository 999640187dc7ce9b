import { Injectable } from '@nestjs/common';
import { sqlList, type Queryable, type SqlValue } from '@foreman/database';
import {
  Clock,
  decodeCursor,
  encodeCursor,
  pageOf,
  type Page,
  type PageRequest,
} from '@foreman/kernel';
import { AttemptEntity } from './attempt.entity';
import { JobEntity } from './job.entity';
import type { JobStatus } from './job-state';
import { taskPace, type Pace } from './task-pace';
import { TaskEntity } from './task.entity';

export interface JobFilter {
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly queue?: string;
  /** Jobs of which this edge has held a task; an edge's id. */
  readonly edgeId?: string;
  /** Epoch ms, exclusive. */
  readonly createdAfter?: number;
  /** Epoch ms, exclusive. */
  readonly createdBefore?: number;
}

export interface TaskWithAttempts {
  readonly task: TaskEntity;
  readonly attempts: AttemptEntity[];
  readonly pace: Pace;
}

/** Lists of jobs and of a job's tasks, by keyset. */
@Injectable()
export class JobQueries {
  constructor(private readonly clock: Clock) {}

  /** Newest first. */
  async list(db: Queryable, filter: JobFilter, page: PageRequest): Promise<Page<JobEntity>> {
    const where = new Conditions('hidden_at IS NULL');
    where.addIf(filter.status, 'status = ?');
    where.addIf(filter.kind, 'kind = ?');
    where.addIf(filter.queue, 'queue = ?');
    where.addIf(filter.createdAfter, 'created_at > ?');
    where.addIf(filter.createdBefore, 'created_at < ?');
    where.addIf(
      filter.edgeId,
      `EXISTS (SELECT 1 FROM tasks JOIN attempts ON attempts.task_id = tasks.id
               WHERE tasks.job_id = jobs.id AND attempts.edge_id = ?)`,
    );
    if (page.cursor !== null) {
      const [createdAt, id] = decodeCursor(page.cursor, 2);
      where.add('(created_at, id) < (?, ?)', Number(createdAt), String(id));
    }
    const jobs = await db.entities(
      JobEntity,
      `SELECT * FROM jobs WHERE ${where.sql} ORDER BY created_at DESC, id DESC LIMIT ?`,
      [...where.params, page.limit + 1],
    );
    return pageOf(jobs, page.limit, listKey);
  }

  /** The cursor of the list's page that begins after this job: for a page that is to be shorter. */
  cursorAfter(job: JobEntity): string {
    return encodeCursor(listKey(job));
  }

  /** A job's tasks by index, each with its attempts by number. */
  async tasks(db: Queryable, jobId: string, page: PageRequest): Promise<Page<TaskWithAttempts>> {
    const after = page.cursor === null ? -1 : Number(decodeCursor(page.cursor, 1)[0]);
    const tasks = await db.entities(
      TaskEntity,
      'SELECT * FROM tasks WHERE job_id = ? AND task_index > ? ORDER BY task_index LIMIT ?',
      [jobId, after, page.limit + 1],
    );
    const { items, nextCursor } = pageOf(tasks, page.limit, (task) => [task.taskIndex]);
    const attempts = await this.attemptsOf(db, items);
    const now = this.clock.now();
    return {
      items: items.map((task) => ({
        task,
        attempts: attempts.get(task.id) ?? [],
        pace: taskPace(task, now),
      })),
      nextCursor,
    };
  }

  private async attemptsOf(
    db: Queryable,
    tasks: readonly TaskEntity[],
  ): Promise<Map<string, AttemptEntity[]>> {
    const found = new Map<string, AttemptEntity[]>();
    if (tasks.length === 0) return found;
    const { marks, params } = sqlList(tasks.map((task) => task.id));
    const attempts = await db.entities(
      AttemptEntity,
      `SELECT * FROM attempts WHERE task_id IN (${marks}) ORDER BY task_id, number`,
      params,
    );
    for (const attempt of attempts) {
      const known = found.get(attempt.taskId);
      if (known === undefined) found.set(attempt.taskId, [attempt]);
      else known.push(attempt);
    }
    return found;
  }
}

function listKey(job: JobEntity): [createdAt: number, id: string] {
  return [job.createdAt, job.id];
}

/** A WHERE clause and its parameters, grown together. */
class Conditions {
  readonly params: SqlValue[] = [];
  private readonly parts: string[];

  constructor(first: string) {
    this.parts = [first];
  }

  get sql(): string {
    return this.parts.join(' AND ');
  }

  add(condition: string, ...params: SqlValue[]): void {
    this.parts.push(condition);
    this.params.push(...params);
  }

  addIf(param: SqlValue | undefined, condition: string): void {
    if (param !== undefined) this.add(condition, param);
  }
}
