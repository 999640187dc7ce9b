import { Injectable } from '@nestjs/common';
import type { Queryable, SqlValue, Tx } from '@foreman/database';
import { WebhookEndpointEntity } from '../entities/endpoint.entity';
import type { EndpointStatus } from './endpoint-view';

/** Standing, and not removed. */
const LIVE = 'job_id IS NULL AND removed_at IS NULL';
/** Removed, and no delivery tells of it any more. */
const UNUSED = `removed_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = webhook_endpoints.id)`;

/** Columns that an operator's change may set. */
export type EndpointColumn =
  'url' | 'events' | 'kinds' | 'has_signed_urls' | 'inline_budget_bytes' | 'rate_per_minute';

@Injectable()
export class StandingEndpointStore {
  async find(db: Queryable, id: string): Promise<WebhookEndpointEntity | null> {
    const [endpoint] = await db.entities(
      WebhookEndpointEntity,
      `SELECT * FROM webhook_endpoints WHERE id = ? AND ${LIVE}`,
      [id],
    );
    return endpoint ?? null;
  }

  /** Newest first; `before` is the last id of the page before, null for the first page. */
  async list(db: Queryable, before: string | null, limit: number) {
    return db.entities(
      WebhookEndpointEntity,
      `SELECT * FROM webhook_endpoints WHERE ${LIVE} ${before === null ? '' : 'AND id < ?'}
       ORDER BY id DESC LIMIT ?`,
      [...(before === null ? [] : [before]), limit],
    );
  }

  /** False when there is no such endpoint. Another URL has not failed yet. */
  async change(
    tx: Tx,
    id: string,
    values: ReadonlyMap<EndpointColumn, SqlValue>,
  ): Promise<boolean> {
    const sets = [...values.keys()].map((column) => `${column} = ?`);
    if (values.has('url')) sets.push('failing_since = NULL');
    if (sets.length === 0) return (await this.find(tx, id)) !== null;
    const changed = await tx.execute(
      `UPDATE webhook_endpoints SET ${sets.join(', ')} WHERE id = ? AND ${LIVE}`,
      [...values.values(), id],
    );
    return changed === 1;
  }

  /** False when it was not disabled, or is not there. */
  async enable(tx: Tx, id: string, now: number): Promise<boolean> {
    const changed = await tx.execute(
      `UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL,
         replaying_since = ?, replay_delivery_id = NULL
       WHERE id = ? AND ${LIVE} AND disabled_at IS NOT NULL`,
      [now, id],
    );
    return changed === 1;
  }

  /** False when there is no such endpoint. `sealed` takes its secrets' place. */
  async remove(tx: Tx, id: string, sealed: string, now: number): Promise<boolean> {
    const changed = await tx.execute(
      `UPDATE webhook_endpoints SET removed_at = ?, disabled_at = coalesce(disabled_at, ?),
         disabled_reason = coalesce(disabled_reason, 'gone'), replaying_since = NULL,
         replay_delivery_id = NULL, rate_per_minute = NULL, secret_sealed = ?,
         previous_secret_sealed = NULL, previous_secret_until = NULL
       WHERE id = ? AND ${LIVE}`,
      [now, now, sealed, id],
    );
    return changed === 1;
  }

  /** Rows of removed endpoints go once nothing refers to them. */
  async sweepRemoved(tx: Tx): Promise<void> {
    await tx.execute(
      `DELETE FROM webhook_endpoint_events WHERE endpoint_id IN (
         SELECT id FROM webhook_endpoints WHERE ${UNUSED})`,
    );
    await tx.execute(`DELETE FROM webhook_endpoints WHERE ${UNUSED}`);
  }

  async countByStatus(db: Queryable): Promise<Record<EndpointStatus | 'failing', number>> {
    const [row] = await db.query<Record<string, number | null>>(
      `SELECT count(*) AS total, count(disabled_at) AS disabled, count(replaying_since) AS replaying,
         sum(CASE WHEN disabled_at IS NULL AND failing_since IS NOT NULL THEN 1 ELSE 0 END) AS failing
       FROM webhook_endpoints WHERE ${LIVE}`,
    );
    const [total, disabled, replaying, failing] = ['total', 'disabled', 'replaying', 'failing'].map(
      (name) => Number(row?.[name] ?? 0),
    ) as [number, number, number, number];
    return { enabled: total - disabled - replaying, replaying, disabled, failing };
  }
}
