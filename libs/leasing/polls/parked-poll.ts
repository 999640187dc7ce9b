import { isDeepStrictEqual } from 'node:util';
import type { Clock, ClockTimer } from '@foreman/kernel';
import { demandSignature, type AvailableTask, type Demander } from '@foreman/jobs';

/** An edge that waits for a task. */
export interface Claimant extends Demander {
  /** It may hold only so many leases: the end of one lets it take another task. */
  readonly isLimited?: boolean;
}

/** Why a poll ends without a task: its time is up; its edge has too many polls; its caller has gone; the application stops. */
export type PollEnd = 'timeout' | 'crowded_out' | 'caller_gone' | 'closing';

/** Why a poll goes on: there may be a task, or it is not to wait any longer. */
export type WakeReason = 'task' | PollEnd;

/** A long poll, as whoever tries to lease for it uses it. */
export interface Poll {
  /** Why it is over; null while it is not. */
  readonly end: PollEnd | null;
  /** A try begins to look at the database: what is announced from here on it may not see. */
  begin(): void;
  /** Waits for the next reason, at most `waitMs`. A wake that came during the try counts at once. */
  wait(waitMs: number): Promise<WakeReason>;
  /** Waits for what its edge is now. True if that is something else: what was announced meanwhile may have passed it by. */
  become(claimant: Claimant): boolean;
  /** Hands the wake that it cannot use to another poll that can; never to one that could not use it either. */
  passOn(): void;
  /** Gives up its place. Wakes that did not become one of the `taken` tasks go to other polls that can use them. */
  leave(taken: readonly AvailableTask[]): void;
}

/** One task's wake, on its way from poll to poll. */
export interface Wake {
  readonly task: AvailableTask;
  /** Polls whose edges hold all that they may: so a wake that nobody can use comes to its end. */
  readonly refusedBy: Set<ParkedPoll>;
}

/**
 * `waiting`: a task can wake it. `woken`: its next try has not begun, so it will see all that was
 * announced until now. `trying`: it may have looked too early, so a wake is kept for after its try.
 */
type PollState = 'waiting' | 'woken' | 'trying' | 'over';

/** What a poll tells the house that it is parked in. */
interface PollHouse {
  /** It is about to be what it was not. */
  leaves(poll: ParkedPoll): void;
  /** Its state, its claimant, or whether it keeps a wake, has changed. */
  moved(poll: ParkedPoll): void;
  offer(wake: Wake): void;
}

export class ParkedPoll implements Poll {
  state: PollState = 'woken';
  end: PollEnd | null = null;
  /** Given to the poll, whose try is ahead or under way. */
  private delivered: Wake | null = null;
  /** Came during its try. */
  private kept: Wake | null = null;
  /** Its edge has had room since its try began. */
  private isToTryAgain = false;
  private settle: ((reason: WakeReason) => void) | null = null;
  private timer: ClockTimer | null = null;
  private readonly onAbort = () => this.endWith('caller_gone');

  constructor(
    private readonly clock: Clock,
    readonly place: number,
    public claimant: Claimant,
    private readonly signal: AbortSignal | undefined,
    private readonly house: PollHouse,
  ) {
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** A second wake would be wasted on it. */
  get keepsWake(): boolean {
    return this.kept !== null;
  }

  wake(wake: Wake): void {
    if (this.state === 'waiting') {
      this.delivered = wake;
      this.finish('task', 'woken');
    } else {
      this.kept = wake;
      this.house.moved(this);
    }
  }

  /** Without a task that it is woken for. False: its next try is ahead anyway, or it is over. */
  tryAgain(): boolean {
    if (this.state === 'waiting') this.finish('task', 'woken');
    else if (this.state === 'trying') this.isToTryAgain = true;
    else return false;
    return true;
  }

  endWith(end: PollEnd): void {
    if (this.state === 'over') return;
    this.end = end;
    this.finish(end, 'over');
  }

  begin(): void {
    if (this.state === 'woken') this.move('trying');
  }

  wait(waitMs: number): Promise<WakeReason> {
    if (this.end !== null) return Promise.resolve(this.end);
    this.delivered = this.kept;
    this.kept = null;
    const goesOn = this.delivered !== null || this.isToTryAgain;
    this.isToTryAgain = false;
    if (goesOn) {
      this.move('woken');
      return Promise.resolve('task');
    }
    this.move('waiting');
    return new Promise((resolve) => {
      this.settle = resolve;
      this.timer = this.clock.setTimer(waitMs, () => this.endWith('timeout'));
    });
  }

  become(claimant: Claimant): boolean {
    if (isDeepStrictEqual(claimant, this.claimant)) return false;
    this.house.leaves(this);
    this.claimant = claimant;
    this.house.moved(this);
    return true;
  }

  passOn(): void {
    const wake = this.delivered;
    this.delivered = null;
    if (wake === null) return;
    wake.refusedBy.add(this);
    this.house.offer(wake);
  }

  leave(taken: readonly AvailableTask[]): void {
    this.signal?.removeEventListener('abort', this.onAbort);
    this.endWith('timeout');
    const unused = unusedWakes([this.delivered, this.kept], taken);
    this.delivered = null;
    this.kept = null;
    for (const wake of unused) this.house.offer(wake);
  }

  private finish(reason: WakeReason, state: PollState): void {
    const { settle } = this;
    this.settle = null;
    this.timer?.cancel();
    this.move(state);
    settle?.(reason);
  }

  private move(state: PollState): void {
    this.state = state;
    this.house.moved(this);
  }
}

/** A task taken stands for the wake of its like; taking another one, of a higher priority say, uses up none. */
function unusedWakes(
  wakes: readonly (Wake | null)[],
  taken: readonly AvailableTask[],
): readonly Wake[] {
  const signatures = taken.map(demandSignature);
  return wakes.filter((wake): wake is Wake => {
    if (wake === null) return false;
    const at = signatures.indexOf(demandSignature(wake.task));
    if (at < 0) return true;
    signatures.splice(at, 1);
    return false;
  });
}
