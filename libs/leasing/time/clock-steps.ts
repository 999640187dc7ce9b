import { Injectable, Logger } from '@nestjs/common';
import { StoredTimes, UnitOfWork, type Tx } from '@foreman/database';
import { TaskAvailability } from '@foreman/jobs';
import { SteadyClock } from '@foreman/kernel';
import { DueTasks } from '../claiming/due-tasks';

/** Less is what NTP corrects all the time, and shorter than any lease. */
const STEP_MS = 1000;

/**
 * Follows the wall clock when it is set to another time (by an administrator, by NTP after a start
 * without a battery, by a sleep of the machine). Whatever waits for a time that was counted from before
 * the step moves along with it, in one transaction: leases, attempts and backoffs keep what was left of
 * their time. So does what other libs have registered. Times that somebody named (`runAt`) stay; what had come by then stays available.
 */
@Injectable()
export class ClockSteps {
  private readonly logger = new Logger(ClockSteps.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: SteadyClock,
    private readonly due: DueTasks,
    private readonly availability: TaskAvailability,
    private readonly storedTimes: StoredTimes,
  ) {}

  /** Whether there is a step to follow; reads clocks only. */
  get isDue(): boolean {
    return Math.abs(this.clock.driftMs()) >= STEP_MS;
  }

  /** True if there was a step. */
  async follow(): Promise<boolean> {
    const driftMs = this.clock.driftMs();
    if (Math.abs(driftMs) < STEP_MS) {
      this.clock.follow(driftMs);
      return false;
    }
    this.logger.warn(
      { driftMs },
      'The wall clock was set to another time: what waits moves with it',
    );
    await this.bringInWhatHasCome();
    await this.moveAlong(driftMs);
    return true;
  }

  /**
   * A task that could be leased a moment ago must not wait for the same hour again, nor fail meanwhile by
   * its `startBySeconds`. A batch a transaction: there may be a million.
   */
  private async bringInWhatHasCome(): Promise<void> {
    for (;;) {
      const tasks = await this.unitOfWork.run((tx) => this.due.bringIn(tx, this.clock.now()));
      if (tasks.length === 0) return;
      this.availability.announce(tasks);
    }
  }

  private async moveAlong(driftMs: number): Promise<void> {
    let hasFollowed = false;
    try {
      await this.unitOfWork.run(async (tx) => {
        await shift(tx, driftMs);
        await this.storedTimes.moveAlong(tx, driftMs);
        // Within the transaction: whoever writes next already counts from the new time. Once, although the
        // work is done again when another caller's failure takes the whole group back.
        if (!hasFollowed) this.clock.follow(driftMs);
        hasFollowed = true;
      });
    } catch (error) {
      if (hasFollowed) this.clock.follow(-driftMs);
      throw error;
    }
  }
}

async function shift(tx: Tx, driftMs: number): Promise<void> {
  const by = [driftMs];
  await tx.execute(MOVE_LEASES, [driftMs, driftMs, driftMs, driftMs, driftMs]);
  await tx.execute(MOVE_ATTEMPTS, by);
  await tx.execute(MOVE_BACKOFFS, by);
  await tx.execute(MOVE_START_LIMITS, by);
}

const MOVE_LEASES = `
  UPDATE tasks SET lease_expires_at = lease_expires_at + ?, leased_at = leased_at + ?,
    stall_due_at = stall_due_at + ?, stalled_at = stalled_at + ?, progress_at = progress_at + ?
  WHERE status = 'leased'`;

/** Those under way, and those that a late call can still revive. */
const MOVE_ATTEMPTS = `
  UPDATE attempts SET leased_at = leased_at + ?
  WHERE lease_token IN (SELECT lease_token FROM tasks WHERE status = 'leased')
     OR lease_token IN (SELECT revivable_token FROM tasks WHERE revivable_token IS NOT NULL)`;

/** A task that was leased before waits for its next attempt; one that never was waits for its `runAt`. */
const MOVE_BACKOFFS = `
  UPDATE tasks SET available_at = available_at + ?
  WHERE status = 'queued' AND is_due = 0 AND attempt > 0`;

/** `startBySeconds` counts from when the task could first be leased. */
const MOVE_START_LIMITS = `
  UPDATE tasks SET start_by_at = start_by_at + ?
  WHERE status = 'queued' AND start_by_at IS NOT NULL AND is_due = 1`;
