import { Injectable } from '@nestjs/common';
import type { SqlValue, Tx } from '@foreman/database';
import { EndpointStore } from '../endpoints/endpoint.store';
import type { DeliveryEntity } from '../entities/delivery.entity';
import type { PostOutcome } from '../posting/post-outcome';
import type { Verdict } from './delivery-schedule';

/** An attempt that is over. */
export interface FinishedAttempt {
  /** On the monotonic clock: the wall clock may be set before it is recorded. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly outcome: PostOutcome;
}

/** When it is recorded, and began, by the clock of its unit of work; epoch ms. */
interface RecordTerms {
  readonly now: number;
  readonly startedAt: number;
  readonly disableAfterMs: number;
}

/** Failures after these many pauses of its own schedule tell of its endpoint, by default 35 minutes after the first try. */
const FIRST_TRIES = 3;

/** Only the sender that still holds the claim decides what becomes of a delivery. */
const UNDER_CLAIM = `id = ? AND status = 'pending' AND claimed_until = ?`;
/** That it arrived is a fact, though, whoever held what by then. */
const ARRIVED_ANYWAY = `id = ? AND status IN ('pending', 'superseded', 'disabled')`;

@Injectable()
export class DeliveryOutcomes {
  constructor(private readonly endpoints: EndpointStore) {}

  /** False, with nothing changed, when another sender or a later event has taken the delivery over. */
  async record(
    tx: Tx,
    delivery: DeliveryEntity,
    attempt: FinishedAttempt,
    verdict: Verdict,
    { now, startedAt, disableAfterMs }: RecordTerms,
  ): Promise<boolean> {
    const number =
      (await this.settle(tx, verdict, now, UNDER_CLAIM, [delivery.id, delivery.claimedUntil])) ??
      (verdict.status === 'delivered'
        ? await this.settle(tx, verdict, now, ARRIVED_ANYWAY, [delivery.id])
        : null);
    if (number === null) return false;
    await this.insertAttempt(tx, delivery.id, number, startedAt, attempt);
    if (verdict.status === 'delivered') await this.endpoints.noteSuccess(tx, delivery.endpointId);
    else {
      const since = isMoreThanABlip(delivery, verdict) ? now - disableAfterMs : null;
      await this.endpoints.noteFailure(tx, delivery.endpointId, now, since);
    }
    if (verdict.status === 'disabled') {
      await this.endpoints.disable(tx, delivery.endpointId, 'gone', now);
    }
    return true;
  }

  /** For a delivery whose endpoint was disabled before it was tried. */
  async setAside(tx: Tx, delivery: DeliveryEntity, now: number): Promise<void> {
    await tx.execute(
      `UPDATE deliveries SET status = 'disabled', finished_at = ?, next_attempt_at = NULL,
         claimed_until = NULL WHERE ${UNDER_CLAIM}`,
      [now, delivery.id, delivery.claimedUntil],
    );
  }

  /** Answers the attempt's number. */
  private async settle(
    tx: Tx,
    verdict: Verdict,
    now: number,
    guard: string,
    guardValues: SqlValue[],
  ): Promise<number | null> {
    const next = verdict.status === 'pending' ? verdict : null;
    const [row] = await tx.query<{ attempt_count: number }>(
      `UPDATE deliveries SET status = ?, attempt_count = attempt_count + 1, claimed_until = NULL,
         next_attempt_at = ?, is_due = 0, finished_at = ?,
         schedule_step = coalesce(?, schedule_step), urls_only = coalesce(?, urls_only)
       WHERE ${guard} RETURNING attempt_count`,
      [
        verdict.status,
        next?.nextAttemptAt ?? null,
        next === null ? now : null,
        next?.scheduleStep ?? null,
        next?.urlsOnly ?? null,
        ...guardValues,
      ],
    );
    return row === undefined ? null : Number(row.attempt_count);
  }

  private async insertAttempt(
    tx: Tx,
    deliveryId: string,
    number: number,
    startedAt: number,
    { durationMs, outcome }: FinishedAttempt,
  ): Promise<void> {
    await tx.insert('delivery_attempts', {
      delivery_id: deliveryId,
      number,
      started_at: startedAt,
      duration_ms: durationMs,
      status_code: outcome.statusCode,
      error_class: outcome.errorClass,
      error_detail: outcome.errorDetail,
      address: outcome.address,
      response_excerpt: outcome.responseExcerpt,
    });
  }
}

/**
 * Whether a failure shows that nobody is there. The first one after days in which nothing happened does not: what failed
 * before may have been one event alone, and this one a moment.
 */
function isMoreThanABlip(delivery: DeliveryEntity, verdict: Verdict): boolean {
  return delivery.scheduleStep >= FIRST_TRIES || verdict.status === 'exhausted';
}
