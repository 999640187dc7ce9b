import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock, DomainError } from '@foreman/kernel';
import { demandSignature, type AvailableTask } from '@foreman/jobs';
import { LEASING_OPTIONS, type ResolvedLeasingOptions } from '../leasing.options';
import { ParkedPoll, type Claimant, type Poll, type Wake } from './parked-poll';
import { PollIndex, type Demand } from './poll-index';

/** Until a place may be free again: polls end all the time. */
const NO_PLACE_RETRY_SECONDS = 5;

/**
 * Long polls, parked in memory. They read nothing: an announced task wakes the first poll to arrive that
 * can run it, and only that one. A poll enters before its first try, so that nothing which becomes
 * available between the try and the parking is missed.
 */
@Injectable()
export class ParkedPolls implements OnModuleDestroy {
  private readonly polls = new Set<ParkedPoll>();
  /** In order of arrival. */
  private readonly ofEdge = new Map<string, Set<ParkedPoll>>();
  /** Those that sleep. */
  private readonly waiting = new PollIndex<ParkedPoll>();
  /** Those whose try may have begun too early to see what is announced now. */
  private readonly trying = new PollIndex<ParkedPoll>();
  private readonly emptyListeners: ((isEmpty: boolean) => void)[] = [];
  private nextPlace = 0;
  private isClosed = false;

  constructor(
    private readonly clock: Clock,
    @Inject(LEASING_OPTIONS) private readonly options: ResolvedLeasingOptions,
  ) {}

  get count(): number {
    return this.polls.size;
  }

  /**
   * @throws `rate.limited` when all places are taken. An edge that has all of its own loses its oldest
   * poll instead, which most likely waits on a dead connection.
   */
  enter(claimant: Claimant, signal?: AbortSignal): Poll {
    const crowdedOut = this.crowdedOut(claimant.edgeId);
    if (this.polls.size - (crowdedOut ? 1 : 0) >= this.options.maxParkedPolls) {
      throw new DomainError('rate.limited', 'Too many polls are parked.', {
        retryAfterSeconds: NO_PLACE_RETRY_SECONDS,
      });
    }
    const poll = new ParkedPoll(this.clock, this.nextPlace, claimant, signal, {
      leaves: (leaving) => this.takeOut(leaving),
      moved: (moved) => this.place(moved),
      offer: (wake) => this.offer(wake),
    });
    this.nextPlace += 1;
    this.add(poll);
    // After the new one: the house must not look empty in between.
    crowdedOut?.endWith('crowded_out');
    if (this.isClosed) poll.endWith('closing');
    else if (signal?.aborted) poll.endWith('caller_gone');
    return poll;
  }

  /** Wakes as many polls as there are tasks that they can run, and that can be leased now. */
  announce(tasks: readonly AvailableTask[]): void {
    const now = this.clock.now();
    // Where the last look for the same ended: those before it are woken already, or cannot run it.
    const places = new Map<string, Places>();
    for (const task of tasks) {
      if (this.polls.size === 0) return;
      if (task.availableAt > now) continue;
      const signature = demandSignature(task);
      const found = this.offer({ task, refusedBy: new Set() }, places.get(signature));
      places.set(signature, found);
    }
  }

  /** How many polls there may be that a task's wake would reach; none: it would reach nobody. */
  countFor(task: Demand): number {
    return this.waiting.countFor(task) + this.trying.countFor(task);
  }

  /** Whether some poll can run it that a wake would reach. */
  isWanted(task: Demand): boolean {
    return this.waiting.first(task) !== null || this.trying.first(task) !== null;
  }

  /** A lease of this edge has ended: one of its polls looks whether there is a task that it had no room for. */
  tryAgain(edgeId: string): void {
    for (const poll of this.ofEdge.get(edgeId) ?? []) {
      if (poll.claimant.isLimited === true && poll.tryAgain()) return;
    }
  }

  /** An administrator has changed the edge: each of its polls looks again, at the edge too. */
  lookAgain(edgeId: string): void {
    for (const poll of this.ofEdge.get(edgeId) ?? []) poll.tryAgain();
  }

  onModuleDestroy(): void {
    this.close();
  }

  /** Ends all polls, now and from now on: the application stops. */
  close(): void {
    this.isClosed = true;
    for (const poll of [...this.polls]) poll.endWith('closing');
  }

  /** Told when the first poll parks and when the last one leaves. */
  onEmptiness(listener: (isEmpty: boolean) => void): void {
    this.emptyListeners.push(listener);
  }

  /** The poll that a new one of this edge takes the place of. */
  private crowdedOut(edgeId: string): ParkedPoll | undefined {
    const own = this.ofEdge.get(edgeId);
    if (own === undefined || own.size < this.options.maxParkedPollsPerEdge) return undefined;
    const [oldest] = own;
    return oldest;
  }

  /** To the first that sleeps; else to one that may just have missed it. Answers where it looked. */
  private offer(wake: Wake, after: Places = FROM_THE_START): Places {
    const accepts = (poll: ParkedPoll) => !wake.refusedBy.has(poll);
    const sleeper = this.waiting.first(wake.task, after.waiting, accepts);
    if (sleeper !== null) {
      sleeper.wake(wake);
      return { waiting: sleeper.place, trying: after.trying };
    }
    const busy = this.trying.first(wake.task, after.trying, accepts);
    busy?.wake(wake);
    return { waiting: Infinity, trying: busy?.place ?? Infinity };
  }

  private add(poll: ParkedPoll): void {
    const { edgeId } = poll.claimant;
    const own = this.ofEdge.get(edgeId);
    if (own === undefined) this.ofEdge.set(edgeId, new Set([poll]));
    else own.add(poll);
    this.polls.add(poll);
    if (this.polls.size === 1) this.tellEmptiness(false);
  }

  /** Puts a poll where its state says. */
  private place(poll: ParkedPoll): void {
    this.takeOut(poll);
    if (poll.state === 'waiting') this.waiting.add(poll);
    else if (poll.state === 'trying' && !poll.keepsWake) this.trying.add(poll);
    else if (poll.state === 'over') this.remove(poll);
  }

  private takeOut(poll: ParkedPoll): void {
    this.waiting.delete(poll);
    this.trying.delete(poll);
  }

  private remove(poll: ParkedPoll): void {
    const { edgeId } = poll.claimant;
    const own = this.ofEdge.get(edgeId);
    own?.delete(poll);
    if (own?.size === 0) this.ofEdge.delete(edgeId);
    if (this.polls.delete(poll) && this.polls.size === 0) this.tellEmptiness(true);
  }

  private tellEmptiness(isEmpty: boolean): void {
    for (const listener of this.emptyListeners) listener(isEmpty);
  }
}

/** Places in the order of arrival, up to which a look has come. */
interface Places {
  readonly waiting: number;
  readonly trying: number;
}

const FROM_THE_START: Places = { waiting: -1, trying: -1 };
