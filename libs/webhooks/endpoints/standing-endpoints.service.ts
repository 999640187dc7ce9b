import { Injectable } from '@nestjs/common';
import type { Queryable, SqlValue, Tx } from '@foreman/database';
import {
  Clock,
  DomainError,
  IdSource,
  decodeCursor,
  pageOf,
  type Page,
  type PageRequest,
} from '@foreman/kernel';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import { SecretBox } from '../signing/secret-box';
import { DeliveryWakeup } from '../sending/delivery-wakeup';
import { TargetPolicy } from '../target/target-policy';
import { checkedEvents, checkedKinds, type StandingEndpointChanges } from './endpoint-command';
import { EndpointHistory } from './endpoint-history.store';
import {
  endpointEventView,
  standingEndpointView,
  type EndpointEventView,
  type EndpointStatus,
  type StandingEndpointView,
} from './endpoint-view';
import { EndpointStore } from './endpoint.store';
import { StandingEndpointStore, type EndpointColumn } from './standing-endpoint.store';
import { WebhookEndpoints, type CreatedEndpoint } from './webhook-endpoints.service';

/** Takes the place of a removed endpoint's secret. */
const NOBODYS_SECRET_BYTES = 32;

/** How many there are in each state; `failing` ones are among the enabled and replaying. */
export type EndpointCounts = Readonly<Record<EndpointStatus | 'failing', number>>;

/** Standing endpoints as operators look at, change and remove them. A job's own ones are not found here. */
@Injectable()
export class StandingEndpoints {
  constructor(
    private readonly store: StandingEndpointStore,
    private readonly all: EndpointStore,
    private readonly endpoints: WebhookEndpoints,
    private readonly history: EndpointHistory,
    private readonly policy: TargetPolicy,
    private readonly box: SecretBox,
    private readonly wakeup: DeliveryWakeup,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {}

  /** Newest first. @throws `request.invalid` for the cursor. */
  async list(db: Queryable, page: PageRequest): Promise<Page<StandingEndpointView>> {
    const [before = null] = page.cursor === null ? [] : decodeCursor(page.cursor, 1);
    const rows = await this.store.list(db, before === null ? null : String(before), page.limit + 1);
    const { items, nextCursor } = pageOf(rows, page.limit, (row) => [row.id]);
    const now = this.clock.now();
    return { items: items.map((row) => standingEndpointView(row, now)), nextCursor };
  }

  /** @throws `endpoint.not_found`. */
  async get(db: Queryable, id: string): Promise<StandingEndpointView> {
    return standingEndpointView(await this.row(db, id), this.clock.now());
  }

  /** Its latest 50 events, newest first; empty for one that is not there. */
  async events(db: Queryable, id: string): Promise<EndpointEventView[]> {
    return (await this.history.of(db, id)).map(endpointEventView);
  }

  /**
   * What is owed already goes to the new URL too, in the new form.
   * @throws `endpoint.not_found`, `webhook.target_refused`, `request.invalid`.
   */
  async change(
    tx: Tx,
    id: string,
    changes: StandingEndpointChanges,
  ): Promise<StandingEndpointView> {
    const values = this.valuesOf(changes);
    if (!(await this.store.change(tx, id, values))) throw endpointNotFound(id);
    if (values.size > 0) await this.history.record(tx, id, 'changed', this.clock.now());
    // Another rate, or another host, may let something go at once.
    tx.afterCommit(() => this.wakeup.wake());
    return this.get(tx, id);
  }

  /** As `WebhookEndpoints.rotateSecret`. @throws `endpoint.not_found`, `endpoint.rotating`, `request.invalid`. */
  async rotateSecret(tx: Tx, id: string, given?: string): Promise<CreatedEndpoint> {
    await this.row(tx, id);
    return this.endpoints.rotateSecret(tx, id, given);
  }

  /**
   * Nothing is sent to it from here on, what it was owed included; its secrets go at once, what was told of its
   * deliveries goes with their jobs. @throws `endpoint.not_found`.
   */
  async remove(tx: Tx, id: string): Promise<void> {
    const now = this.clock.now();
    const sealed = this.box.seal(this.ids.bytes(NOBODYS_SECRET_BYTES), id);
    if (!(await this.store.remove(tx, id, sealed, now))) throw endpointNotFound(id);
    await this.all.setPendingAside(tx, id, now);
    await this.store.sweepRemoved(tx);
  }

  counts(db: Queryable): Promise<EndpointCounts> {
    return this.store.countByStatus(db);
  }

  private async row(db: Queryable, id: string): Promise<WebhookEndpointEntity> {
    const endpoint = await this.store.find(db, id);
    if (endpoint === null) throw endpointNotFound(id);
    return endpoint;
  }

  private valuesOf(changes: StandingEndpointChanges): Map<EndpointColumn, SqlValue> {
    const { url, events, kinds, signedUrls, inlineBudgetBytes, ratePerMinute } = changes;
    const values = new Map<EndpointColumn, SqlValue>();
    if (url !== undefined) values.set('url', this.policy.checkUrl(url).href);
    if (events !== undefined) {
      values.set('events', JSON.stringify(checkedEvents(events ?? undefined, 'events')));
    }
    if (kinds !== undefined) {
      const checked = checkedKinds(kinds);
      values.set('kinds', checked === null ? null : JSON.stringify(checked));
    }
    if (signedUrls !== undefined) values.set('has_signed_urls', signedUrls);
    if (inlineBudgetBytes !== undefined) values.set('inline_budget_bytes', inlineBudgetBytes);
    if (ratePerMinute !== undefined) values.set('rate_per_minute', ratePerMinute);
    return values;
  }
}

export function endpointNotFound(id: string): DomainError {
  return new DomainError('endpoint.not_found', `There is no webhook endpoint ${id}.`);
}
