import { Injectable, Logger } from '@nestjs/common';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Clock, type ClockTimer } from '@foreman/kernel';
import { TaskAvailability, type AvailableTask } from '@foreman/jobs';
import { DueTasks } from '../claiming/due-tasks';
import { ParkedPolls } from './parked-polls';

/** While a task is still to come, look again after this long: the clock may have been set forward. */
const LONGEST_WAIT_MS = 30_000;

/** After a look that the database refused. */
const PAUSE_AFTER_ERROR_MS = 1000;

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
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly due: DueTasks,
    private readonly availability: TaskAvailability,
    polls: ParkedPolls,
  ) {
    availability.subscribe((tasks) => this.noteFuture(tasks));
    polls.onEmptiness((isEmpty) => this.turn(isEmpty));
  }

  private noteFuture(tasks: readonly AvailableTask[]): void {
    if (this.isIdle) return;
    const now = this.clock.now();
    for (const task of tasks) {
      if (task.availableAt > now) this.arm(task.availableAt);
    }
  }

  private turn(isEmpty: boolean): void {
    this.isIdle = isEmpty;
    this.disarm();
    if (!isEmpty) this.look();
  }

  private arm(dueAt: number): void {
    if (dueAt >= this.dueAt) return;
    this.disarm();
    this.dueAt = dueAt;
    const waitMs = Math.min(LONGEST_WAIT_MS, dueAt - this.clock.now());
    this.timer = this.clock.setTimer(waitMs, () => {
      this.disarm();
      this.look();
    });
  }

  private disarm(): void {
    this.timer?.cancel();
    this.timer = null;
    this.dueAt = Number.POSITIVE_INFINITY;
  }

  private look(): void {
    this.lookNow().catch((error: unknown) => {
      if (this.isIdle) return;
      this.logger.error(error);
      this.arm(this.clock.now() + PAUSE_AFTER_ERROR_MS);
    });
  }

  /** Brings in what is due, and arms for what comes next. */
  private async lookNow(): Promise<void> {
    for (;;) {
      const nextAt = await this.due.nextAt(this.reads);
      if (nextAt === null || this.isIdle) return;
      if (nextAt > this.clock.now()) return this.arm(nextAt);
      const tasks = await this.unitOfWork.run((tx) => this.due.bringIn(tx, this.clock.now()));
      this.availability.announce(tasks);
    }
  }
}
