import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock, DomainError, type ClockTimer } from '@foreman/kernel';
import { TaskAvailability, type AvailableTask } from '@foreman/jobs';
import type { Claimant } from './task-claim';
import { LEASING_OPTIONS, type ResolvedLeasingOptions } from './leasing.options';

/** Why a parked poll goes on: there may be a task, its time is up, or it is not to wait any longer. */
export type WakeReason = 'task' | 'timeout' | 'ended';

export interface Poll {
  /** Waits for the next reason, at most `waitMs`. A wake that came while the poll was busy counts at once. */
  wait(waitMs: number): Promise<WakeReason>;
  /** Hands the wake that it cannot use to the next poll behind it that can; never ahead, so that it ends. */
  passOn(): void;
  /** Gives up its place. A wake that it did not turn into a task goes to the next poll that can. */
  leave(hasTaken: boolean): void;
}

/**
 * Long polls, parked in memory in order of arrival. They read nothing: an announced task wakes the
 * first poll that can run it, and only that one. A poll enters before its first try, so that nothing
 * which becomes available between the try and the parking is missed.
 */
@Injectable()
export class ParkedPolls implements OnModuleDestroy {
  /** In order of arrival: a Set keeps it. */
  private readonly polls = new Set<ParkedPoll>();
  private readonly emptyListeners: ((isEmpty: boolean) => void)[] = [];
  private isClosed = false;

  constructor(
    private readonly clock: Clock,
    availability: TaskAvailability,
    @Inject(LEASING_OPTIONS) private readonly options: ResolvedLeasingOptions,
  ) {
    availability.subscribe((tasks) => this.announce(tasks));
  }

  get count(): number {
    return this.polls.size;
  }

  /**
   * @param key the request's idempotency key: a newer poll with the same one ends the older.
   * @throws `rate.limited` when too many polls are parked.
   */
  enter(claimant: Claimant, key: string | null, signal?: AbortSignal): Poll {
    if (key !== null) this.endWhere((p) => p.key === key && p.claimant.edgeId === claimant.edgeId);
    if (this.polls.size >= this.options.maxParkedPolls) {
      throw new DomainError('rate.limited', 'Too many polls are parked.', { retryAfterSeconds: 5 });
    }
    const poll = new ParkedPoll(this.clock, claimant, key, signal, {
      passOn: (task) => this.wakeFirst(task, this.behind(poll)),
      leave: (unused) => this.remove(poll, unused),
    });
    this.polls.add(poll);
    if (this.polls.size === 1) this.tellEmptiness(false);
    if (this.isClosed || signal?.aborted) poll.end();
    return poll;
  }

  /** Wakes as many polls as there are tasks that they can run. */
  announce(tasks: readonly AvailableTask[] | 'any'): void {
    if (tasks === 'any') {
      for (const poll of this.polls) poll.wake('any');
      return;
    }
    const now = this.clock.now();
    for (const task of tasks) {
      if (task.availableAt <= now) this.wakeFirst(task);
    }
  }

  /** Ends the polls of one edge: it is to drain, stop, or is revoked. */
  endOfEdge(edgeId: string): void {
    this.endWhere((poll) => poll.claimant.edgeId === edgeId);
  }

  onModuleDestroy(): void {
    this.close();
  }

  /** Ends all polls, now and from now on: the application stops. */
  close(): void {
    this.isClosed = true;
    this.endWhere(() => true);
  }

  /** Told when the first poll parks and when the last one leaves. */
  onEmptiness(listener: (isEmpty: boolean) => void): void {
    this.emptyListeners.push(listener);
  }

  private *behind(poll: ParkedPoll): Iterable<ParkedPoll> {
    let isBehind = false;
    for (const other of this.polls) {
      if (isBehind) yield other;
      else isBehind = other === poll;
    }
  }

  private wakeFirst(task: AvailableTask, polls: Iterable<ParkedPoll> = this.polls): void {
    for (const poll of polls) {
      if (!poll.isWoken && canRun(poll.claimant, task)) {
        poll.wake(task);
        return;
      }
    }
  }

  private remove(poll: ParkedPoll, unused: readonly AvailableTask[]): void {
    this.polls.delete(poll);
    for (const task of unused) this.wakeFirst(task);
    if (this.polls.size === 0) this.tellEmptiness(true);
  }

  private endWhere(matches: (poll: ParkedPoll) => boolean): void {
    for (const poll of [...this.polls]) {
      if (matches(poll)) poll.end();
    }
  }

  private tellEmptiness(isEmpty: boolean): void {
    for (const listener of this.emptyListeners) listener(isEmpty);
  }
}

/** Whether an edge can run a task, as the claim's SQL decides it. */
export function canRun(claimant: Claimant, task: AvailableTask): boolean {
  return (
    claimant.kinds.includes(task.kind) &&
    (task.assignedEdgeId === null || task.assignedEdgeId === claimant.edgeId) &&
    Object.entries(task.requires ?? {}).every(([name, value]) => claimant.labels[name] === value)
  );
}

type Wake = AvailableTask | 'any';

class ParkedPoll implements Poll {
  /** Came while the poll was busy with a try. */
  private pending: Wake | null = null;
  /** Given to the poll, which has not yet waited again: its try is under way. */
  private delivered: Wake | null = null;
  private isEnded = false;
  private isGone = false;
  private settle: ((reason: WakeReason) => void) | null = null;
  private timer: ClockTimer | null = null;
  private readonly onAbort = () => this.end();

  constructor(
    private readonly clock: Clock,
    readonly claimant: Claimant,
    readonly key: string | null,
    private readonly signal: AbortSignal | undefined,
    private readonly house: {
      readonly passOn: (task: AvailableTask) => void;
      readonly leave: (unused: readonly AvailableTask[]) => void;
    },
  ) {
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Another wake would be wasted on it. */
  get isWoken(): boolean {
    return this.isEnded || this.pending !== null || this.delivered !== null;
  }

  wake(wake: Wake): void {
    if (this.isEnded) return;
    if (this.settle === null) {
      this.pending = wake;
      return;
    }
    this.delivered = wake;
    this.finish('task');
  }

  end(): void {
    this.isEnded = true;
    this.finish('ended');
  }

  wait(waitMs: number): Promise<WakeReason> {
    this.delivered = this.pending;
    this.pending = null;
    if (this.isEnded) return Promise.resolve('ended');
    if (this.delivered !== null) return Promise.resolve('task');
    return new Promise((resolve) => {
      this.settle = resolve;
      this.timer = this.clock.setTimer(waitMs, () => this.finish('timeout'));
    });
  }

  passOn(): void {
    const wake = this.delivered;
    this.delivered = null;
    if (wake !== null && wake !== 'any') this.house.passOn(wake);
  }

  leave(hasTaken: boolean): void {
    if (this.isGone) return;
    this.isGone = true;
    this.isEnded = true;
    this.signal?.removeEventListener('abort', this.onAbort);
    this.timer?.cancel();
    const wakes = hasTaken ? [this.pending] : [this.delivered, this.pending];
    this.house.leave(wakes.filter((wake) => wake !== null && wake !== 'any'));
  }

  private finish(reason: WakeReason): void {
    const settle = this.settle;
    if (settle === null) return;
    this.settle = null;
    this.timer?.cancel();
    settle(reason);
  }
}
