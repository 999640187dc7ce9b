import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { Clock, DomainError, IdSource, isoTime } from '@foreman/kernel';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import { failedPost, type ErrorClass, type PostOutcome } from '../posting/post-outcome';
import { WebhookPoster } from '../posting/webhook-poster';
import { postHeaders } from '../sending/post-headers';
import { UnreadableSecretError } from '../signing/secret-box';
import { endpointNotFound } from './standing-endpoints.service';
import { StandingEndpointStore } from './standing-endpoint.store';
import { WebhookEndpoints } from './webhook-endpoints.service';

/** What an endpoint answered to a `webhook.test` event. */
export interface EndpointTestView {
  /** The `webhook-id` that the receiver saw. */
  readonly eventId: string;
  readonly sentAt: string;
  readonly durationMs: number;
  /** Null where no answer came. */
  readonly statusCode: number | null;
  /** Null is success: a 2xx. */
  readonly error: { readonly class: ErrorClass; readonly detail: string } | null;
  /** What was connected to. */
  readonly address: string | null;
  /** The first 4 KiB of the answer. */
  readonly responseExcerpt: string | null;
}

/** Tries an endpoint out, by hand: signed and checked like a delivery, but neither counted, paced nor repeated. */
@Injectable()
export class EndpointProbe implements OnModuleDestroy {
  private readonly end = new AbortController();

  constructor(
    private readonly store: StandingEndpointStore,
    private readonly endpoints: WebhookEndpoints,
    private readonly poster: WebhookPoster,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {}

  /**
   * Posts one `webhook.test` event, to a disabled endpoint too; never follows redirects. Takes as long as an attempt
   * may. @throws `endpoint.not_found`; `server.busy` when Foreman stops meanwhile.
   */
  async test(db: Queryable, endpointId: string): Promise<EndpointTestView> {
    const endpoint = await this.store.find(db, endpointId);
    if (endpoint === null) throw endpointNotFound(endpointId);
    const eventId = this.ids.uuid();
    const now = this.clock.now();
    const startedMs = this.clock.monotonicMs();
    const { statusCode, errorClass, errorDetail, address, responseExcerpt } = await this.post(
      endpoint,
      eventId,
      now,
    );
    return {
      eventId,
      sentAt: isoTime(now),
      durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      statusCode,
      error: errorClass === null ? null : { class: errorClass, detail: errorDetail ?? '' },
      address,
      responseExcerpt,
    };
  }

  onModuleDestroy(): void {
    this.end.abort(new DomainError('server.busy', 'Foreman stops; try again.'));
  }

  private async post(
    endpoint: WebhookEndpointEntity,
    eventId: string,
    now: number,
  ): Promise<PostOutcome> {
    const data = { endpointId: endpoint.id };
    const event = { type: 'webhook.test', timestamp: isoTime(now), data };
    const body = Buffer.from(JSON.stringify(event));
    let headers: Record<string, string>;
    try {
      headers = postHeaders({ id: eventId, body }, this.endpoints.signingKeys(endpoint, now), now);
    } catch (error) {
      if (error instanceof UnreadableSecretError) {
        return failedPost('secret_unreadable', error.message);
      }
      throw error;
    }
    return this.poster.post({ url: endpoint.url, headers, body }, this.end.signal);
  }
}
