import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { EndpointHistory } from '../endpoints/endpoint-history.store';

/**
 * A delivery that has failed this often lets the next one go first: one event that its receiver cannot take must
 * not hold up all others for the days of the whole schedule. By default 5 minutes after its first try.
 */
const TRIES_IN_TURN = 3;

/** What the replay waits for: the one whose turn it is has neither arrived nor failed often enough. */
const HAS_ITS_TURN = `
  EXISTS (SELECT 1 FROM deliveries d WHERE d.id = e.replay_delivery_id
          AND d.status = 'pending' AND d.schedule_step < ${TRIES_IN_TURN})`;

/** Owes what was kept for endpoints that are enabled again, oldest first, one after another. */
@Injectable()
export class ReplayStore {
  constructor(private readonly history: EndpointHistory) {}

  /**
   * Gives the next kept delivery of each replaying endpoint its turn; ends the replay of those that have none left.
   * Its state is in rows: a sender that dies in between loses neither place nor order. Answers whether there was any.
   */
  async giveTurns(tx: Tx, now: number): Promise<boolean> {
    const endpoints = await tx.query<{ id: string }>(
      `SELECT e.id FROM webhook_endpoints e WHERE e.replaying_since IS NOT NULL AND NOT ${HAS_ITS_TURN}`,
    );
    for (const { id } of endpoints) await this.giveTurn(tx, id, now);
    return endpoints.length > 0;
  }

  private async giveTurn(tx: Tx, endpointId: string, now: number): Promise<void> {
    const [next] = await tx.query<{ id: string }>(
      `UPDATE deliveries SET status = 'pending', schedule_step = 0, next_attempt_at = ?,
         is_due = 1, claimed_until = NULL, finished_at = NULL
       WHERE id = (SELECT id FROM deliveries WHERE endpoint_id = ? AND status = 'disabled'
                   ORDER BY created_at, id LIMIT 1)
       RETURNING id`,
      [now, endpointId],
    );
    await tx.execute(
      `UPDATE webhook_endpoints SET replay_delivery_id = ?,
         replaying_since = CASE WHEN ? = 0 THEN NULL ELSE replaying_since END
       WHERE id = ?`,
      [next?.id ?? null, next === undefined ? 0 : 1, endpointId],
    );
    if (next === undefined) await this.history.record(tx, endpointId, 'replayed', now);
  }
}
