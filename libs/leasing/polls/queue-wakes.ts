import { Injectable, Logger } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';
import { Clock, type ClockTimer } from '@foreman/kernel';
import {
  PausedQueues,
  TaskAvailability,
  groupsOfQueue,
  queuedOfGroup,
  type AvailableTask,
} from '@foreman/jobs';
import { ParkedPolls } from './parked-polls';

/** After a task was left alone because its queue is thought paused, the database is asked this much later. */
const DOUBT_MS = 1000;

/** Groups of a queue that one read answers. */
const GROUPS_PER_READ = 200;

/**
 * Between what becomes available and the parked polls: tasks of a paused queue wake nobody, and a queue
 * that is resumed wakes as many polls as it has tasks that they can run. Reads only then, and only while
 * polls are parked. An edge that held all that it may tries again when one of its leases has ended.
 */
@Injectable()
export class QueueWakes {
  private readonly logger = new Logger(QueueWakes.name);
  private doubt: ClockTimer | null = null;

  constructor(
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly paused: PausedQueues,
    private readonly polls: ParkedPolls,
    availability: TaskAvailability,
  ) {
    availability.subscribe((tasks) => this.wake(tasks));
    availability.subscribeToResumes((queue) => this.inBackground(this.wakeFor(queue)));
    availability.subscribeToFreedEdges((edgeId) => this.polls.tryAgain(edgeId));
    polls.onEmptiness((isEmpty) => {
      if (isEmpty) this.endDoubt();
    });
  }

  private wake(tasks: readonly AvailableTask[]): void {
    if (this.polls.count === 0) return;
    const open = tasks.filter((task) => !this.paused.has(task.queue));
    if (open.length < tasks.length) this.beginDoubt();
    this.polls.announce(open);
  }

  /** Of each group that parked polls want, reads no more tasks than there are polls for them. */
  private async wakeFor(queue: string): Promise<void> {
    let after = 0;
    for (;;) {
      const groups = await groupsOfQueue(this.reads, queue, after, GROUPS_PER_READ);
      for (const group of groups) {
        const limit = this.polls.countFor(group);
        const count = limit === 0 ? 0 : await queuedOfGroup(this.reads, group, limit);
        const task = { ...group, availableAt: this.clock.now() };
        this.polls.announce(Array.from({ length: count }, () => task));
        after = group.classId;
      }
      if (groups.length < GROUPS_PER_READ) return;
    }
  }

  /** Another process may have resumed a queue that is thought paused here: that must not be missed. */
  private beginDoubt(): void {
    this.doubt ??= this.clock.setTimer(DOUBT_MS, () => {
      this.doubt = null;
      this.inBackground(this.resolveDoubt());
    });
  }

  private async resolveDoubt(): Promise<void> {
    for (const queue of await this.paused.reload()) await this.wakeFor(queue);
  }

  private endDoubt(): void {
    this.doubt?.cancel();
    this.doubt = null;
  }

  /** A poll that a failure left asleep asks again when its time is up. */
  private inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (this.polls.count > 0) this.logger.error(error);
    });
  }
}
