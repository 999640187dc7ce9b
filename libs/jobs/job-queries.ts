import { Injectable } from '@nestjs/common';
import { sqlList, type Queryable } from '@foreman/database';
import { Clock, decodeCursor, pageOf, type Page, type PageRequest } from '@foreman/kernel';
import { AttemptEntity } from './attempt.entity';
import { taskPace, type Pace } from './task-pace';
import { TaskEntity } from './task.entity';

export interface TaskWithAttempts {
  readonly task: TaskEntity;
  readonly attempts: AttemptEntity[];
  readonly pace: Pace;
}

/** A job's tasks. */
@Injectable()
export class JobQueries {
  constructor(private readonly clock: Clock) {}

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
