import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { IdSource } from '@foreman/kernel';
import type { JobEvent } from '@foreman/jobs';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import type { WebhookMessageEntity } from '../entities/message.entity';
import { deliveryLane } from '../sending/delivery-lane';

@Injectable()
export class OutboxStore {
  constructor(private readonly ids: IdSource) {}

  async insertMessage(tx: Tx, message: WebhookMessageEntity): Promise<void> {
    await tx.insert('webhook_messages', {
      event_id: message.eventId,
      job_id: message.jobId,
      type: message.type,
      run: message.run,
      seq: message.seq,
      job: JSON.stringify(message.job),
      artifacts: JSON.stringify(message.artifacts),
      created_at: message.createdAt,
    });
  }

  /** Due at once; kept aside where the endpoint is disabled, or has yet to get what was kept before. */
  async insertDelivery(tx: Tx, event: JobEvent, endpoint: WebhookEndpointEntity): Promise<void> {
    const isKept = endpoint.disabledAt !== null || endpoint.replayingSince !== null;
    await tx.insert('deliveries', {
      id: this.ids.uuid(),
      event_id: event.id,
      endpoint_id: endpoint.id,
      job_id: event.jobId,
      host: deliveryLane(endpoint),
      status: isKept ? 'disabled' : 'pending',
      attempt_count: 0,
      schedule_step: 0,
      next_attempt_at: isKept ? null : event.at,
      is_due: !isKept,
      created_at: event.at,
      finished_at: isKept ? event.at : null,
    });
  }

  /**
   * That the job started is stale once its end is owed to the same endpoint. An endpoint that asked for
   * `job.started` alone still gets it: to that one nothing tells more.
   */
  async supersedeStarted(tx: Tx, terminal: JobEvent): Promise<void> {
    await tx.execute(
      `UPDATE deliveries SET status = 'superseded', finished_at = ?, next_attempt_at = NULL,
         claimed_until = NULL
       WHERE job_id = ? AND status IN ('pending', 'disabled')
         AND endpoint_id IN (SELECT endpoint_id FROM deliveries WHERE event_id = ?)
         AND event_id IN (
           SELECT event_id FROM webhook_messages WHERE job_id = ? AND type = 'job.started')`,
      [terminal.at, terminal.jobId, terminal.id, terminal.jobId],
    );
  }
}
