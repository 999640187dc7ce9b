import { Injectable } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { EndpointStore } from '../endpoints/endpoint.store';
import { WebhookEndpoints } from '../endpoints/webhook-endpoints.service';
import type { DeliveryEntity } from '../entities/delivery.entity';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import { WebhookMessageEntity } from '../entities/message.entity';
import { failedPost, type PostOutcome } from '../posting/post-outcome';
import { WebhookPoster } from '../posting/webhook-poster';
import { UnreadableSecretError } from '../signing/secret-box';
import type { FinishedAttempt } from './delivery-outcomes.store';
import { MessageBody } from './message-body';
import { postHeaders } from './post-headers';

/** Makes the one attempt that a claimed delivery is due, outside any transaction. */
@Injectable()
export class DeliveryAttempt {
  constructor(
    private readonly reads: ReadConnection,
    private readonly endpoints: EndpointStore,
    private readonly secrets: WebhookEndpoints,
    private readonly body: MessageBody,
    private readonly poster: WebhookPoster,
    private readonly clock: Clock,
  ) {}

  /** Null when there is nothing to attempt: the endpoint is disabled, or retention took it away. */
  async make(delivery: DeliveryEntity, stop: AbortSignal): Promise<FinishedAttempt | null> {
    const endpoint = await this.endpoints.find(this.reads, delivery.endpointId);
    const [message] = await this.reads.entities(
      WebhookMessageEntity,
      'SELECT * FROM webhook_messages WHERE event_id = ?',
      [delivery.eventId],
    );
    if (message === undefined || endpoint === null || endpoint.disabledAt !== null) return null;
    const startedAt = this.clock.now();
    const startedMs = this.clock.monotonicMs();
    const outcome = await this.post(delivery, endpoint, message, startedAt, stop);
    return {
      startedAt,
      endedAt: this.clock.now(),
      durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      outcome,
    };
  }

  private async post(
    delivery: DeliveryEntity,
    endpoint: WebhookEndpointEntity,
    message: WebhookMessageEntity,
    now: number,
    stop: AbortSignal,
  ): Promise<PostOutcome> {
    let body: Buffer;
    let headers: Record<string, string>;
    try {
      const { urlsOnly } = delivery;
      const { hasSignedUrls: signedUrls, inlineBudgetBytes } = endpoint;
      const form = { urlsOnly, signedUrls, inlineBudgetBytes, now };
      body = await this.body.build(message, form);
      const keys = this.secrets.signingKeys(endpoint, now);
      headers = postHeaders({ id: message.eventId, body }, keys, now);
    } catch (error) {
      const isSecret = error instanceof UnreadableSecretError;
      const detail = error instanceof Error ? error.message : String(error);
      return failedPost(isSecret ? 'secret_unreadable' : 'body_unavailable', detail);
    }
    return this.poster.post({ url: endpoint.url, headers, body }, stop);
  }
}
