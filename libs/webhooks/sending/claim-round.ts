import type { Tx } from '@foreman/database';
import { DeliveryEntity } from '../entities/delivery.entity';
import { NOT_CLAIMED, lapseBounds } from './claim-lapse';
import { endpointOfLane, hostOfLane, hostOfUrl } from './delivery-lane';
import type { EndpointPace, LaneEndpoint } from './endpoint-pace.store';
import type { HostKind, HostSlots } from './host-slots';

/** One that is to be sent now. */
export interface ClaimedDelivery {
  readonly delivery: DeliveryEntity;
  /** The host and port that it goes to, as its endpoint's URL is by now: the slot that it takes is one of this host's. */
  readonly host: string;
}

/** What stays the same for one claim. */
export interface ClaimTerms {
  readonly slots: HostSlots;
  /** Epoch ms. */
  readonly now: number;
  readonly claimMs: number;
}

/** One claim: what it has taken, and so what room is left for it. */
export class ClaimRound {
  readonly claimed: ClaimedDelivery[] = [];
  private readonly takenOf = new Map<string, number>();
  private readonly takenOfKind: Record<HostKind, number> = { answering: 0, silent: 0 };
  /** Endpoints with a rate that get one now: after a change of its URL an endpoint may have two lanes. */
  private readonly spent = new Set<string>();

  constructor(
    private readonly tx: Tx,
    private readonly pace: EndpointPace,
    private readonly terms: ClaimTerms,
  ) {}

  hasRoomFor(kind: HostKind): boolean {
    return this.roomFor(kind) > 0;
  }

  countOf(kind: HostKind): number {
    return this.takenOfKind[kind];
  }

  /**
   * Lane by lane, as many of each as there is room for, from those alone whose hosts are of a kind. Answers the last
   * that it came to before there was no more room.
   */
  async takeFrom(lanes: readonly string[], kind: HostKind): Promise<string | undefined> {
    const ids = lanes.map(endpointOfLane).filter((id) => id !== null);
    const endpoints = await this.pace.endpoints(this.tx, ids);
    let last: string | undefined;
    for (const lane of lanes) {
      if (!this.hasRoomFor(kind)) break;
      await this.takeLane(lane, endpoints.get(endpointOfLane(lane) ?? ''), kind);
      last = lane;
    }
    return last;
  }

  private async takeLane(
    lane: string,
    endpoint: LaneEndpoint | undefined,
    kind: HostKind,
  ): Promise<void> {
    const { slots, now, claimMs } = this.terms;
    const host = endpoint === undefined ? hostOfLane(lane) : hostOfUrl(endpoint.url);
    if (slots.kindOf(host) !== kind) return;
    const ofHost = slots.roomOf(host) - (this.takenOf.get(host) ?? 0);
    const limit = Math.min(this.roomFor(kind), ofHost, this.allowance(endpoint));
    if (limit <= 0) return;
    const deliveries = await this.tx.entities(DeliveryEntity, CLAIM, [
      now + claimMs,
      ...lapseBounds(now, claimMs),
      lane,
      ...lapseBounds(now, claimMs),
      limit,
    ]);
    if (deliveries.length === 0) return;
    if (endpoint !== undefined && endpoint.pace !== null) {
      this.spent.add(endpoint.id);
      await this.pace.spend(this.tx, endpoint.id, endpoint.pace, now);
    }
    this.takenOfKind[kind] += deliveries.length;
    this.takenOf.set(host, (this.takenOf.get(host) ?? 0) + deliveries.length);
    for (const delivery of deliveries) this.claimed.push({ delivery, host });
  }

  private roomFor(kind: HostKind): number {
    const { slots } = this.terms;
    return Math.min(slots.room - this.claimed.length, slots.roomFor(kind) - this.takenOfKind[kind]);
  }

  /** How many its rate allows. */
  private allowance(endpoint: LaneEndpoint | undefined): number {
    if (endpoint === undefined || endpoint.pace === null) return Infinity;
    return endpoint.pace.nextPostAt > this.terms.now || this.spent.has(endpoint.id) ? 0 : 1;
  }
}

/** The guard stands twice: PostgreSQL judges only the outer one again when two senders meet at a row. */
export const CLAIM = `
  UPDATE deliveries SET claimed_until = ?
  WHERE next_attempt_at IS NOT NULL AND ${NOT_CLAIMED} AND id IN (
    SELECT id FROM deliveries
    WHERE next_attempt_at IS NOT NULL AND is_due = 1 AND host = ?
      AND ${NOT_CLAIMED}
    ORDER BY next_attempt_at, id LIMIT ?)
  RETURNING *`;
