import { Injectable, Logger } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { EndpointStore } from '../endpoints/endpoint.store';
import { WebhookEndpoints } from '../endpoints/webhook-endpoints.service';
import type { DeliveryEntity } from '../entities/delivery.entity';
import { WebhookMessageEntity } from '../entities/message.entity';
import { failedPost, type PostOutcome } from '../posting/post-outcome';
import { WebhookPoster, type WebhookPost } from '../posting/webhook-poster';
import { UnreadableSecretError } from '../signing/secret-box';
import type { FinishedAttempt } from './delivery-outcomes.store';
import { MessageBody } from './message-body';
import { postHeaders } from './post-headers';

const NOT_BUILT = 'The body could not be built: see the log of the gateway';

/** Makes the one attempt that a claimed delivery is due, outside any transaction. */
@Injectable()
export class DeliveryAttempt {
  private readonly logger = new Logger(DeliveryAttempt.name);

  constructor(
    private readonly reads: ReadConnection,
    private readonly endpoints: EndpointStore,
    private readonly secrets: WebhookEndpoints,
    private readonly body: MessageBody,
    private readonly poster: WebhookPoster,
    private readonly clock: Clock,
  ) {}

  /**
   * Null when there is nothing to attempt: the endpoint is disabled, or retention took it away. What cannot be read or
   * built is a failed attempt like any other: the same at once would fail the same. Rejects only when `stop` aborts.
   */
  async make(delivery: DeliveryEntity, stop: AbortSignal): Promise<FinishedAttempt | null> {
    const startedMs = this.clock.monotonicMs();
    const request = await this.requestOf(delivery, this.clock.now());
    if (request === null) return null;
    const outcome = 'url' in request ? await this.poster.post(request, stop) : request;
    return {
      startedMs,
      durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      outcome,
    };
  }

  /** What is to be posted, or as what it fails before that; null: nothing. */
  private async requestOf(
    delivery: DeliveryEntity,
    now: number,
  ): Promise<WebhookPost | PostOutcome | null> {
    try {
      const endpoint = await this.endpoints.find(this.reads, delivery.endpointId);
      const [message] = await this.reads.entities(
        WebhookMessageEntity,
        'SELECT * FROM webhook_messages WHERE event_id = ?',
        [delivery.eventId],
      );
      if (message === undefined || endpoint === null || endpoint.disabledAt !== null) return null;
      const { urlsOnly } = delivery;
      const { hasSignedUrls: signedUrls, inlineBudgetBytes } = endpoint;
      const form = { urlsOnly, signedUrls, inlineBudgetBytes, now };
      const body = await this.body.build(message, form);
      const keys = this.secrets.signingKeys(endpoint, now);
      const headers = postHeaders({ id: message.eventId, body }, keys, now);
      return { url: endpoint.url, headers, body };
    } catch (error) {
      // Its own text never holds a secret, and says to the operator what to do.
      if (error instanceof UnreadableSecretError) {
        return failedPost('secret_unreadable', error.message);
      }
      // Any other error's may hold paths or SQL, and services see what is stored.
      this.logger.error({ msg: NOT_BUILT, deliveryId: delivery.id, error });
      return failedPost('body_unavailable', NOT_BUILT);
    }
  }
}
