import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { DeliveryEntity } from '../entities/delivery.entity';
import { endpointOfLane, hostOfLane } from './delivery-lane';
import { EndpointPace } from './endpoint-pace.store';
import type { HostSlots } from './host-slots';

/**
 * Lanes with something due, the longest waiting first. Steps from lane to lane through the index, so that
 * a backlog of one costs the others nothing.
 */
const DUE_HOSTS = `
  WITH RECURSIVE hosts (host) AS (
    SELECT min(host) FROM deliveries WHERE status = 'pending'
    UNION ALL
    SELECT (SELECT min(d.host) FROM deliveries d WHERE d.status = 'pending' AND d.host > hosts.host)
    FROM hosts WHERE hosts.host IS NOT NULL
  ), earliest (host, due_at) AS (
    SELECT host, (SELECT min(d.next_attempt_at) FROM deliveries d
                  WHERE d.status = 'pending' AND d.host = hosts.host)
    FROM hosts WHERE host IS NOT NULL
  )
  SELECT host FROM earliest WHERE due_at <= ? ORDER BY due_at`;

/** The guard stands twice: PostgreSQL judges only the outer one again when two senders meet at a row. */
const CLAIM = `
  UPDATE deliveries SET claimed_until = ?
  WHERE status = 'pending' AND (claimed_until IS NULL OR claimed_until <= ?) AND id IN (
    SELECT id FROM deliveries
    WHERE status = 'pending' AND host = ? AND next_attempt_at <= ?
      AND (claimed_until IS NULL OR claimed_until <= ?)
    ORDER BY next_attempt_at, id LIMIT ?)
  RETURNING *`;

/** Takes due deliveries for one sender for a while; a sender that dies with them loses them by time. */
@Injectable()
export class DeliveryClaims {
  constructor(private readonly pace: EndpointPace) {}

  /** As many due ones as `slots` have room for and their endpoints' rates allow; takes no slots. */
  async claim(tx: Tx, slots: HostSlots, now: number, claimMs: number): Promise<DeliveryEntity[]> {
    const claimed: DeliveryEntity[] = [];
    const hosts = await tx.query<{ host: string }>(DUE_HOSTS, [now]);
    if (hosts.length === 0) return claimed;
    const paces = await this.pace.read(tx);
    const planned = new Map<string, number>();
    let room = slots.room;
    for (const { host: lane } of hosts) {
      const host = hostOfLane(lane);
      const endpointId = endpointOfLane(lane);
      const pace = endpointId === null ? undefined : paces.get(endpointId);
      if (pace !== undefined && pace.nextPostAt > now) continue;
      const hostRoom = slots.roomOf(host) - (planned.get(host) ?? 0);
      const limit = Math.min(room, hostRoom, pace === undefined ? Infinity : 1);
      if (limit <= 0) continue;
      const ofLane = await tx.entities(DeliveryEntity, CLAIM, [
        now + claimMs,
        now,
        lane,
        now,
        now,
        limit,
      ]);
      if (ofLane.length > 0 && pace !== undefined && endpointId !== null) {
        await this.pace.spend(tx, endpointId, pace, now);
      }
      room -= ofLane.length;
      planned.set(host, (planned.get(host) ?? 0) + ofLane.length);
      claimed.push(...ofLane);
    }
    return claimed;
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
    const [next] = await db.query<{ due_at: number | null; lapse_at: number | null }>(
      `SELECT
         (SELECT min(next_attempt_at) FROM deliveries WHERE status = 'pending' AND next_attempt_at > ?) AS due_at,
         (SELECT min(claimed_until) FROM deliveries WHERE claimed_until > ?) AS lapse_at`,
      [now, now],
    );
    const pacedAt = await this.pace.nextAt(db, now);
    const times = [next?.due_at ?? null, next?.lapse_at ?? null, pacedAt]
      .filter((at) => at !== null)
      .map(Number);
    return times.length === 0 ? null : Math.min(...times);
  }
}
