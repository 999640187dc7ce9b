import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { IdSource } from '@foreman/kernel';
import {
  WebhookEndpointEventEntity,
  type EndpointEventType,
} from '../entities/endpoint-event.entity';

/** So many of the latest are kept and shown: enough to see when and why it last went wrong. */
const KEPT = 50;

/** What has happened to standing endpoints. */
@Injectable()
export class EndpointHistory {
  constructor(private readonly ids: IdSource) {}

  async record(
    tx: Tx,
    endpointId: string,
    type: EndpointEventType,
    now: number,
    reason: string | null = null,
  ): Promise<void> {
    await tx.insert('webhook_endpoint_events', {
      id: this.ids.uuid(),
      endpoint_id: endpointId,
      type,
      reason,
      created_at: now,
    });
    await tx.execute(
      `DELETE FROM webhook_endpoint_events WHERE endpoint_id = ? AND id <= (
         SELECT id FROM webhook_endpoint_events WHERE endpoint_id = ?
         ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      [endpointId, endpointId, KEPT],
    );
  }

  /** Newest first. */
  async of(db: Queryable, endpointId: string): Promise<WebhookEndpointEventEntity[]> {
    return db.entities(
      WebhookEndpointEventEntity,
      'SELECT * FROM webhook_endpoint_events WHERE endpoint_id = ? ORDER BY id DESC',
      [endpointId],
    );
  }
}
