import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import type { DeliveryEntity } from '../entities/delivery.entity';
import { lapseBounds } from './claim-lapse';
import { ClaimRound, type ClaimedDelivery } from './claim-round';
import { DueLanes } from './due-lanes.store';
import { EndpointPace } from './endpoint-pace.store';
import type { HostKind, HostSlots } from './host-slots';
import { LaneCircle } from './lane-circle';

/** What a claim took, and whether it has seen all that is due. */
export interface Claimed {
  readonly deliveries: readonly ClaimedDelivery[];
  /** There is more due, or more to look at, than one unit of work does: to be claimed again before waiting. */
  readonly isCutShort: boolean;
}

/** Deliveries that one claim finds due: after an outage all retries of it may fall due together. */
const MARKED_AT_ONCE = 500;

/** Takes due deliveries for one sender for a while; a sender that dies with them loses them by time. */
@Injectable()
export class DeliveryClaims {
  private readonly circles: Readonly<Record<HostKind, LaneCircle>>;
  /** Of silent and answering hosts alike: who got room first in one claim comes second in the next. */
  private first: HostKind = 'answering';

  constructor(
    private readonly lanes: DueLanes,
    private readonly pace: EndpointPace,
  ) {
    this.circles = {
      answering: new LaneCircle(lanes, 'answering'),
      silent: new LaneCircle(lanes, 'silent'),
    };
  }

  /**
   * As many due ones as `slots` have room for and their endpoints' rates allow; takes no slots. `hasNews`: more may be
   * due than at the last claim, for another reason than that its time has come; without that, lanes that had nothing for
   * the room that there was are not looked at again.
   */
  async claim(
    tx: Tx,
    slots: HostSlots,
    now: number,
    claimMs: number,
    hasNews = true,
  ): Promise<Claimed> {
    const marked = await this.lanes.markDue(tx, now, MARKED_AT_ONCE);
    const round = new ClaimRound(tx, this.pace, { slots, now, claimMs });
    const { first } = this;
    const second = first === 'answering' ? 'silent' : 'answering';
    let isCutShort = marked === MARKED_AT_ONCE;
    for (const kind of [first, second] as const) {
      const circle = this.circles[kind];
      circle.reopen(hasNews || marked > 0, slots.changesOf(kind));
      if (await circle.walk(tx, round)) isCutShort = true;
    }
    if (round.countOf(first) > 0) this.first = second;
    return { deliveries: round.claimed, isCutShort };
  }

  /** Gives an unfinished one back: nothing is recorded of it, and it is due again at once. */
  async release(tx: Tx, delivery: DeliveryEntity): Promise<void> {
    await tx.execute(
      'UPDATE deliveries SET claimed_until = NULL WHERE id = ? AND claimed_until = ?',
      [delivery.id, delivery.claimedUntil],
    );
  }

  /** When the next one falls due, or a dead sender's claim runs out; epoch ms, null for never. */
  async nextDueAt(db: Queryable, now: number, claimMs: number): Promise<number | null> {
    const [next] = await db.query<{ due_at: number | null; lapse_at: number | null }>(NEXT_DUE, [
      now,
      ...lapseBounds(now, claimMs),
    ]);
    const pacedAt = await this.pace.nextAt(db, now);
    const times = [next?.due_at ?? null, next?.lapse_at ?? null, pacedAt]
      .filter((at) => at !== null)
      .map(Number);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Whether anything is due, under way or not. */
  async hasDue(db: Queryable): Promise<boolean> {
    return (await db.query(HAS_DUE)).length > 0;
  }
}

/** The first of the index of what is due, in which every lane has a name. */
export const HAS_DUE = `
  SELECT 1 FROM deliveries WHERE next_attempt_at IS NOT NULL AND is_due = 1 AND host > '' LIMIT 1`;

/** What is past is due, or waits for room: that a slot is free is told, not waited for. */
export const NEXT_DUE = `
  SELECT
    (SELECT min(next_attempt_at) FROM deliveries 
     WHERE is_due = 0 AND next_attempt_at > ?) AS due_at,
    (SELECT min(claimed_until) FROM deliveries WHERE claimed_until > ? AND claimed_until <= ?) AS lapse_at`;
