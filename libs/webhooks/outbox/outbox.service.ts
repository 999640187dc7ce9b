import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { JobEvents, JobViews, type JobEvent } from '@foreman/jobs';
import { WebhookArtifactSource } from '../artifact-source';
import { EndpointStore } from '../endpoints/endpoint.store';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import { DeliveryWakeup } from '../sending/delivery-wakeup';
import {
  TERMINAL_EVENT_TYPES,
  isWebhookEventType,
  type WebhookEventType,
} from '../webhook-event-type';
import { OutboxStore } from './outbox.store';

/**
 * Turns a job's event into what is owed for it, in the event's own transaction: the message, frozen as the
 * job and its artifacts are now, and one delivery for each endpoint that wants it. So an event and its
 * deliveries are durable together, or neither is.
 */
@Injectable()
export class Outbox implements OnModuleInit {
  constructor(
    private readonly events: JobEvents,
    private readonly views: JobViews,
    private readonly artifacts: WebhookArtifactSource,
    private readonly endpoints: EndpointStore,
    private readonly store: OutboxStore,
    private readonly wakeup: DeliveryWakeup,
  ) {}

  onModuleInit(): void {
    this.events.subscribe((tx, event) => this.take(tx, event));
  }

  private async take(tx: Tx, event: JobEvent): Promise<void> {
    const { type } = event;
    if (!isWebhookEventType(type)) return;
    const wanting = (await this.endpoints.candidates(tx, event.jobId)).filter((endpoint) =>
      wants(endpoint, type, event.kind),
    );
    if (wanting.length === 0) return;
    const job = await this.views.one(tx, event.jobId);
    if (job === null) {
      // Deleting a job cancels it before it hides it, so that its end is told like any other.
      throw new Error(`${type} was recorded after job ${event.jobId} was hidden`);
    }
    await this.store.insertMessage(tx, {
      eventId: event.id,
      jobId: event.jobId,
      type,
      run: event.run,
      seq: event.seq,
      job,
      artifacts: await this.artifacts.list(tx, event.jobId),
      createdAt: event.at,
    });
    for (const endpoint of wanting) await this.store.insertDelivery(tx, event, endpoint);
    if (TERMINAL_EVENT_TYPES.includes(type)) await this.store.supersedeStarted(tx, event);
    tx.afterCommit(() => this.wakeup.wake());
  }
}

function wants(endpoint: WebhookEndpointEntity, type: WebhookEventType, kind: string): boolean {
  return endpoint.events.includes(type) && (endpoint.kinds?.includes(kind) ?? true);
}
