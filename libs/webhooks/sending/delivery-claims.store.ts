import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import type { DeliveryEntity } from '../entities/delivery.entity';
import { ClaimRound, type ClaimedDelivery } from './claim-round';
import { DueLanes } from './due-lanes.store';
import { EndpointPace } from './endpoint-pace.store';
import type { HostSlots } from './host-slots';

/** What a claim took, and whether it has seen all that is due. */
export interface Claimed {
  readonly deliveries: readonly ClaimedDelivery[];
  /** More fell due at once than one unit of work marks: to be claimed again before waiting. */
  readonly isCutShort: boolean;
}

/** Deliveries that one claim finds due: after an outage all retries of it may fall due together. */
const MARKED_AT_ONCE = 500;
/** Lanes that are looked at together. */
const PAGE_LANES = 256;

/** Takes due deliveries for one sender for a while; a sender that dies with them loses them by time. */
@Injectable()
export class DeliveryClaims {
  /**
   * The last lane that got room, where there was not enough for all: the next claim goes on behind it. So each lane
   * has its turn, and the backlogs of sixteen slow hosts do not keep a seventeenth waiting until they are drained. Lost without harm.
   */
  private from = '';

  constructor(
    private readonly lanes: DueLanes,
    private readonly pace: EndpointPace,
  ) {}

  /** As many due ones as `slots` have room for and their endpoints' rates allow; takes no slots. */
  async claim(tx: Tx, slots: HostSlots, now: number, claimMs: number): Promise<Claimed> {
    const marked = await this.lanes.markDue(tx, now, MARKED_AT_ONCE);
    const round = new ClaimRound(tx, this.pace, { slots, now, claimMs });
    const stoppedAt = await this.walk(tx, round, this.from);
    // From where the last one stopped to the end, and then from the beginning.
    if (this.from !== '' && round.hasRoom) this.from = await this.walk(tx, round, '');
    else this.from = stoppedAt;
    return { deliveries: round.claimed, isCutShort: marked === MARKED_AT_ONCE };
  }

  /** Gives an unfinished one back: nothing is recorded of it, and it is due again at once. */
  async release(tx: Tx, delivery: DeliveryEntity): Promise<void> {
    await tx.execute(
      'UPDATE deliveries SET claimed_until = NULL WHERE id = ? AND claimed_until = ?',
      [delivery.id, delivery.claimedUntil],
    );
  }

  /** When the next one falls due, or a dead sender's claim runs out; epoch ms, null for never. */
  async nextDueAt(db: Queryable, now: number): Promise<number | null> {
    const [next] = await db.query<{ due_at: number | null; lapse_at: number | null }>(NEXT_DUE, [
      now,
      now,
    ]);
    const pacedAt = await this.pace.nextAt(db, now);
    const times = [next?.due_at ?? null, next?.lapse_at ?? null, pacedAt]
      .filter((at) => at !== null)
      .map(Number);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes from the lanes after one; answers which was the last when there was no more room, else the empty one. */
  private async walk(tx: Tx, round: ClaimRound, from: string): Promise<string> {
    let last = from;
    while (round.hasRoom) {
      const lanes = await this.lanes.after(tx, last, PAGE_LANES);
      last = (await round.takeFrom(lanes)) ?? last;
      if (round.hasRoom && lanes.length < PAGE_LANES) return '';
    }
    return last;
  }
}

/** What is past is due, or waits for room: that a slot is free is told, not waited for. */
export const NEXT_DUE = `
  SELECT
    (SELECT min(next_attempt_at) FROM deliveries 
     WHERE is_due = 0 AND next_attempt_at > ?) AS due_at,
    (SELECT min(claimed_until) FROM deliveries WHERE claimed_until > ?) AS lapse_at`;
