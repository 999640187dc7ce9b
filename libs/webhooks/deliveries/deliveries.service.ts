import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Queryable, type SqlValue, type Tx } from '@foreman/database';
import {
  Clock,
  DomainError,
  decodeCursor,
  pageOf,
  type Page,
  type PageRequest,
} from '@foreman/kernel';
import { DeliveryEntity, type DeliveryStatus } from '../entities/delivery.entity';
import { NOT_CLAIMED, lapseBounds } from '../sending/claim-lapse';
import { DeliveryWakeup } from '../sending/delivery-wakeup';
import { WebhooksSettings } from '../webhooks.options';
import { endpointDisabled } from './endpoint-disabled';
import type { DeliveryView } from './delivery-view';
import { deliveryViews, fittingDeliveries, type DeliveryAudience } from './delivery-views';

export interface DeliveryBacklog {
  /** Owed deliveries whose time has come, those that are being sent included. */
  readonly due: number;
  /** Since when the longest waiting of them is; epoch ms. */
  readonly dueSince: number | null;
  /** When the oldest delivery was made that is still owed, due or not; epoch ms. */
  readonly oldestCreatedAt: number | null;
}

/** Which deliveries a list holds; what is left out does not matter. */
export interface DeliveryFilter {
  readonly status?: DeliveryStatus;
  readonly endpointId?: string;
  readonly jobId?: string;
}

/** Deliveries as they are looked at and sent again. */
@Injectable()
export class Deliveries {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly wakeup: DeliveryWakeup,
    private readonly settings: WebhooksSettings,
  ) {}

  /**
   * Of one job, oldest first, each with its latest attempts, as its service may see them. A page may be shorter than its
   * limit. Empty for an unknown job. @throws `request.invalid` for the cursor.
   */
  async ofJob(db: Queryable, jobId: string, page: PageRequest): Promise<Page<DeliveryView>> {
    const after = page.cursor === null ? [-1, ''] : decodeCursor(page.cursor, 2);
    const deliveries = await db.entities(
      DeliveryEntity,
      `SELECT * FROM deliveries WHERE job_id = ? AND (created_at, id) > (?, ?)
       ORDER BY created_at, id LIMIT ?`,
      [jobId, ...after, page.limit + 1],
    );
    return this.page(db, deliveries, page.limit, 'services');
  }

  /** Of all jobs, newest first, for an administrator; else the same. @throws `request.invalid` for the cursor. */
  async list(
    db: Queryable,
    filter: DeliveryFilter,
    page: PageRequest,
  ): Promise<Page<DeliveryView>> {
    const conditions: [string, SqlValue[]][] = [];
    // A job has few: what else is asked for is held against those, so that no other index is walked in their place.
    const column = (name: string) => (filter.jobId === undefined ? name : `coalesce(${name}, '')`);
    if (filter.status !== undefined) conditions.push([`${column('status')} = ?`, [filter.status]]);
    if (filter.endpointId !== undefined) {
      conditions.push([`${column('endpoint_id')} = ?`, [filter.endpointId]]);
    }
    if (filter.jobId !== undefined) conditions.push(['job_id = ?', [filter.jobId]]);
    if (page.cursor !== null) {
      conditions.push(['(created_at, id) < (?, ?)', decodeCursor(page.cursor, 2)]);
    }
    const where = conditions.map(([sql]) => sql).join(' AND ');
    const deliveries = await db.entities(
      DeliveryEntity,
      `SELECT * FROM deliveries ${where === '' ? '' : `WHERE ${where}`}
       ORDER BY created_at DESC, id DESC LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), page.limit + 1],
    );
    return this.page(db, deliveries, page.limit, 'administrators');
  }

  /** What waits now, for stats: reads the indexes of what is due, and one row of another. */
  async backlog(db: Queryable): Promise<DeliveryBacklog> {
    const [row] = await db.query<{ due: number; since: number | null; oldest: number | null }>(
      `SELECT sum(due) AS due, min(since) AS since,
         (SELECT min(created_at) FROM deliveries WHERE status = 'pending') AS oldest
       FROM (
         SELECT count(*) AS due, min(next_attempt_at) AS since FROM deliveries
         WHERE next_attempt_at IS NOT NULL AND is_due = 1
         UNION ALL
         SELECT count(*), min(next_attempt_at) FROM deliveries WHERE is_due = 0 AND next_attempt_at <= ?
       ) AS waiting`,
      [this.clock.now()],
    );
    return {
      due: Number(row?.due ?? 0),
      dueSince: numberOrNull(row?.since),
      oldestCreatedAt: numberOrNull(row?.oldest),
    };
  }

  /**
   * Owes a delivery anew, with the whole schedule before it and the same `webhook-id`. Not while it is being sent: what comes
   * of that try, its end perhaps, would undo it. @throws `delivery.not_found`; `endpoint.disabled`; `delivery.under_way`.
   */
  async redeliver(deliveryId: string): Promise<DeliveryView> {
    return this.unitOfWork.run(async (tx) => {
      const [found] = await tx.query<{ disabled_at: number | null }>(
        `SELECT e.disabled_at FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
         WHERE d.id = ?`,
        [deliveryId],
      );
      if (found === undefined) {
        throw new DomainError('delivery.not_found', `There is no delivery ${deliveryId}.`);
      }
      if (found.disabled_at !== null) throw endpointDisabled();
      return this.oweAnew(tx, deliveryId);
    });
  }

  private async oweAnew(tx: Tx, deliveryId: string): Promise<DeliveryView> {
    const now = this.clock.now();
    const changed = await tx.execute(
      `UPDATE deliveries SET status = 'pending', schedule_step = 0, next_attempt_at = ?,
         is_due = 1, claimed_until = NULL, finished_at = NULL
       WHERE id = ? AND ${NOT_CLAIMED}`,
      [now, deliveryId, ...lapseBounds(now, this.settings.claimMs)],
    );
    if (changed === 0) throw underWay();
    tx.afterCommit(() => this.wakeup.wake());
    const rows = await tx.entities(DeliveryEntity, 'SELECT * FROM deliveries WHERE id = ?', [
      deliveryId,
    ]);
    const [view] = await deliveryViews(tx, rows, 'administrators');
    if (view === undefined) throw new Error('a delivery that was just changed is there');
    return view;
  }

  private async page(
    db: Queryable,
    deliveries: readonly DeliveryEntity[],
    limit: number,
    audience: DeliveryAudience,
  ): Promise<Page<DeliveryView>> {
    const fitting = await fittingDeliveries(db, deliveries.slice(0, limit));
    const { nextCursor } = pageOf(deliveries, fitting.length, (row) => [row.createdAt, row.id]);
    return { items: await deliveryViews(db, fitting, audience), nextCursor };
  }
}

function underWay(): DomainError {
  return new DomainError(
    'delivery.under_way',
    'The delivery is being sent at this moment. Ask again when that try is over.',
  );
}

/** Sums and times may come as text from a database of 64-bit numbers. */
function numberOrNull(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
