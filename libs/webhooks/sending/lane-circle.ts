import type { Tx } from '@foreman/database';
import type { ClaimRound } from './claim-round';
import type { DueLanes } from './due-lanes.store';
import type { HostKind } from './host-slots';

/**
 * Lanes that one unit of work looks at for each kind of host: a claim is in the way of all other writes, and ten
 * thousand dead hosts may have something due.
 */
const LANES_AT_ONCE = 256;

/**
 * Goes round the lanes with something due for the hosts of one kind, and from claim to claim on from where it was: so each
 * has its turn, and the backlogs of sixteen slow hosts do not keep a seventeenth waiting until they are drained. Once
 * round with room left there is nothing to be had, and it stands still until it is reopened. Its place is lost without harm.
 */
export class LaneCircle {
  /** The last lane that it came to; the empty one is before all. */
  private at = '';
  /** Where it was when it was reopened. */
  private begunAt = '';
  private hasWrapped = false;
  private isOver = false;
  private seenChanges = 0;

  constructor(
    private readonly lanes: DueLanes,
    private readonly kind: HostKind,
  ) {}

  /**
   * Another full turn, if anything is new: something is due that may not have been (`hasNews`), or there is another
   * count of what the slots of its kind have become (`changes`).
   */
  reopen(hasNews: boolean, changes: number): void {
    if (!hasNews && changes === this.seenChanges) return;
    this.seenChanges = changes;
    this.begunAt = this.at;
    this.hasWrapped = false;
    this.isOver = false;
  }

  /** Takes what there is room for. Answers whether lanes are left that it has room for and has not looked at. */
  async walk(tx: Tx, round: ClaimRound): Promise<boolean> {
    let budget = LANES_AT_ONCE;
    while (!this.isOver && round.hasRoomFor(this.kind)) {
      if (budget === 0) return true;
      const lanes = await this.lanes.after(tx, this.at, budget);
      const isEnd = lanes.length < budget;
      budget -= lanes.length;
      await this.take(round, lanes, isEnd);
    }
    return false;
  }

  private async take(round: ClaimRound, lanes: readonly string[], isEnd: boolean): Promise<void> {
    // Where it began may have nothing due by now: then it goes on to the end, which only costs a little.
    const begun = this.hasWrapped ? lanes.indexOf(this.begunAt) : -1;
    const rest = begun === -1 ? lanes : lanes.slice(0, begun + 1);
    this.at = (await round.takeFrom(rest, this.kind)) ?? this.at;
    if (!round.hasRoomFor(this.kind)) return;
    if (begun !== -1 || (isEnd && (this.hasWrapped || this.begunAt === ''))) {
      this.isOver = true;
    } else if (isEnd) {
      this.at = '';
      this.hasWrapped = true;
    }
  }
}
