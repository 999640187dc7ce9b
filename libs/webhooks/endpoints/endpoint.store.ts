import { Injectable, Logger } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { WebhookEndpointEntity, type DisabledReason } from '../entities/endpoint.entity';
import { sealedColumn } from '../signing/sealed-list';
import { EndpointHistory } from './endpoint-history.store';

/** Pending deliveries that one disabling moves aside; what a claim meets of the rest follows one by one. */
const DISABLE_BATCH = 500;

@Injectable()
export class EndpointStore {
  private readonly logger = new Logger('WebhookEndpoints');

  constructor(private readonly history: EndpointHistory) {}

  async find(db: Queryable, id: string): Promise<WebhookEndpointEntity | null> {
    const [endpoint] = await db.entities(
      WebhookEndpointEntity,
      'SELECT * FROM webhook_endpoints WHERE id = ?',
      [id],
    );
    return endpoint ?? null;
  }

  /** The job's own ones and all standing ones. */
  async candidates(tx: Tx, jobId: string): Promise<WebhookEndpointEntity[]> {
    return tx.entities(
      WebhookEndpointEntity,
      `SELECT * FROM webhook_endpoints WHERE job_id = ?
       UNION ALL
       SELECT * FROM webhook_endpoints WHERE job_id IS NULL AND removed_at IS NULL`,
      [jobId],
    );
  }

  async insert(tx: Tx, endpoint: WebhookEndpointEntity): Promise<void> {
    await tx.insert('webhook_endpoints', {
      id: endpoint.id,
      job_id: endpoint.jobId,
      url: endpoint.url,
      events: JSON.stringify(endpoint.events),
      kinds: endpoint.kinds === null ? null : JSON.stringify(endpoint.kinds),
      has_signed_urls: endpoint.hasSignedUrls,
      inline_budget_bytes: endpoint.inlineBudgetBytes,
      rate_per_minute: endpoint.ratePerMinute,
      secret_sealed: endpoint.secretSealed,
      created_at: endpoint.createdAt,
    });
  }

  /** `previous`: the sealed ones that sign beside it until `previousUntil`, the newest first. */
  async replaceSecret(
    tx: Tx,
    id: string,
    sealed: string,
    previous: readonly string[],
    previousUntil: number,
  ): Promise<void> {
    await tx.execute(
      `UPDATE webhook_endpoints SET secret_sealed = ?, previous_secret_sealed = ?,
         previous_secret_until = ? WHERE id = ?`,
      [sealed, sealedColumn(previous), previous.length === 0 ? null : previousUntil, id],
    );
  }

  async noteSuccess(tx: Tx, id: string): Promise<void> {
    await tx.execute(
      'UPDATE webhook_endpoints SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL',
      [id],
    );
  }

  /**
   * A standing endpoint that has failed since `disableIfFailingSince` or earlier is disabled; null: not for this failure,
   * however long ago the first was.
   */
  async noteFailure(
    tx: Tx,
    id: string,
    now: number,
    disableIfFailingSince: number | null,
  ): Promise<void> {
    const [endpoint] = await tx.query<{ failing_since: number; job_id: string | null }>(
      `UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, ?) WHERE id = ?
       RETURNING failing_since, job_id`,
      [now, id],
    );
    if (endpoint === undefined || endpoint.job_id !== null) return;
    if (disableIfFailingSince === null) return;
    if (Number(endpoint.failing_since) <= disableIfFailingSince) {
      await this.disable(tx, id, 'failing', now);
    }
  }

  async disable(tx: Tx, id: string, reason: DisabledReason, now: number): Promise<void> {
    const [disabled] = await tx.query<{ job_id: string | null }>(
      `UPDATE webhook_endpoints SET disabled_at = ?, disabled_reason = ?, replaying_since = NULL,
         replay_delivery_id = NULL
       WHERE id = ? AND disabled_at IS NULL RETURNING job_id`,
      [now, reason, id],
    );
    if (disabled?.job_id === null) {
      await this.history.record(tx, id, 'disabled', now, reason);
      tx.afterCommit(() => this.logger.warn(`standing endpoint ${id} is disabled: ${reason}`));
    }
    await this.setPendingAside(tx, id, now);
  }

  /** Keeps a bounded number of what is owed for later. Answers how many those were. */
  async setPendingAside(tx: Tx, id: string, now: number): Promise<number> {
    return tx.execute(
      `UPDATE deliveries SET status = 'disabled', finished_at = ?, next_attempt_at = NULL,
         claimed_until = NULL
       WHERE id IN (SELECT id FROM deliveries WHERE endpoint_id = ? AND status = 'pending' LIMIT ?)
         AND EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = ? AND disabled_at IS NOT NULL)`,
      [now, id, DISABLE_BATCH, id],
    );
  }
}
