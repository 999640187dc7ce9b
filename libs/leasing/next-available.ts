import { Injectable, Logger } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';
import { Clock, type ClockTimer } from '@foreman/kernel';
import { TaskAvailability, TaskEntity, type AvailableTask } from '@foreman/jobs';
import { ParkedPolls } from './parked-polls';

/** Even when nothing is due sooner, look again after this long: the wall clock may have jumped. */
const LONGEST_WAIT_MS = 30_000;

/** Tasks that one timer wakes polls for, one by one; where more are due every poll looks for itself. */
const WAKE_BATCH = 500;

/**
 * Wakes parked polls when a task's `availableAt` comes (backoff, `runAt`). Runs only while polls are
 * parked, and only if some task is to become available.
 */
@Injectable()
export class NextAvailable {
  private readonly logger = new Logger(NextAvailable.name);
  private timer: ClockTimer | null = null;
  private dueAt = Number.POSITIVE_INFINITY;
  private isIdle = true;

  constructor(
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly polls: ParkedPolls,
    availability: TaskAvailability,
  ) {
    availability.subscribe((tasks) => this.noteFuture(tasks));
    polls.onEmptiness((isEmpty) => this.turn(isEmpty));
  }

  private noteFuture(tasks: readonly AvailableTask[] | 'any'): void {
    if (this.isIdle || tasks === 'any') return;
    const now = this.clock.now();
    for (const task of tasks) {
      if (task.availableAt > now) this.arm(task.availableAt);
    }
  }

  private turn(isEmpty: boolean): void {
    this.isIdle = isEmpty;
    this.disarm();
    if (!isEmpty) this.look(this.clock.now());
  }

  private arm(dueAt: number): void {
    if (dueAt >= this.dueAt) return;
    this.disarm();
    this.dueAt = dueAt;
    const waitMs = Math.min(LONGEST_WAIT_MS, dueAt - this.clock.now());
    this.timer = this.clock.setTimer(waitMs, () => {
      this.disarm();
      this.look(dueAt);
    });
  }

  private disarm(): void {
    this.timer?.cancel();
    this.timer = null;
    this.dueAt = Number.POSITIVE_INFINITY;
  }

  /** Announces what became available since `since`, and arms for what comes next. */
  private look(since: number): void {
    this.lookNow(since).catch((error: unknown) => this.logger.error(error));
  }

  private async lookNow(since: number): Promise<void> {
    const now = this.clock.now();
    const due = await this.reads.entities(
      TaskEntity,
      `SELECT * FROM tasks WHERE status = 'queued' AND available_at >= ? AND available_at <= ?
       ORDER BY available_at LIMIT ?`,
      [since, now, WAKE_BATCH],
    );
    this.polls.announce(due.length < WAKE_BATCH ? due : 'any');
    const [next] = await this.reads.query<{ at: number | null }>(
      `SELECT min(available_at) AS at FROM tasks WHERE status = 'queued' AND available_at > ?`,
      [now],
    );
    if (!this.isIdle && next?.at != null) this.arm(Number(next.at));
  }
}
