import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { Clock, DomainError, IdSource } from '@foreman/kernel';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import { SecretBox, UnreadableSecretError } from '../signing/secret-box';
import { makeWebhookSecret, webhookSecretKey } from '../signing/webhook-secret';
import { TargetPolicy } from '../target/target-policy';
import { WebhooksSettings } from '../webhooks.options';
import {
  checkedEvents,
  checkedKinds,
  type JobWebhookCommand,
  type StandingEndpointCommand,
} from './endpoint-command';
import { EndpointHistory } from './endpoint-history.store';
import { EndpointStore } from './endpoint.store';

export interface CreatedEndpoint {
  readonly id: string;
  /** Told here and never again: only its sealed form is stored. */
  readonly secret: string;
  /** Whether Foreman made the secret, so that its client has yet to be told. */
  readonly isSecretMade: boolean;
}

/** The URLs that receive webhooks, and their secrets. */
@Injectable()
export class WebhookEndpoints {
  constructor(
    private readonly store: EndpointStore,
    private readonly history: EndpointHistory,
    private readonly policy: TargetPolicy,
    private readonly box: SecretBox,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly settings: WebhooksSettings,
  ) {}

  /**
   * A job's own endpoint, in the transaction that submits the job.
   * @throws `webhook.target_refused` where that is certain without DNS; `request.invalid` at `webhook.*`.
   */
  async createForJob(tx: Tx, jobId: string, command: JobWebhookCommand): Promise<CreatedEndpoint> {
    return this.create(tx, command, { jobId, path: 'webhook.' });
  }

  /** An endpoint for the events of every job, or of those of `kinds`. @throws as `createForJob`. */
  async createStanding(tx: Tx, command: StandingEndpointCommand): Promise<CreatedEndpoint> {
    const created = await this.create(tx, command, { jobId: null, path: '' });
    await this.history.record(tx, created.id, 'created', this.clock.now());
    return created;
  }

  /**
   * A new secret; the old one signs beside it for `rotationSeconds`, so that a receiver can change over
   * without refusing anything. A given one that is the present one already changes nothing, so that a caller whose
   * answer was lost may ask again without ending that overlap. @throws `endpoint.not_found`.
   */
  async rotateSecret(tx: Tx, endpointId: string, given?: string): Promise<CreatedEndpoint> {
    const secret = given ?? makeWebhookSecret(this.ids);
    const key = webhookSecretKey(secret, 'secret');
    const answer = { id: endpointId, secret, isSecretMade: given === undefined };
    const endpoint = await this.store.find(tx, endpointId);
    if (given !== undefined && endpoint !== null && this.isPresentKey(endpoint, key)) return answer;
    const sealed = this.box.seal(key, endpointId);
    const oldUntil = this.clock.now() + this.settings.rotationMs;
    if (!(await this.store.replaceSecret(tx, endpointId, sealed, oldUntil))) {
      throw new DomainError('endpoint.not_found', `There is no webhook endpoint ${endpointId}.`);
    }
    if (endpoint?.jobId === null) {
      await this.history.record(tx, endpointId, 'secret_rotated', this.clock.now());
    }
    return answer;
  }

  /** The keys that sign for an endpoint now, the newest first. @throws UnreadableSecretError. */
  signingKeys(endpoint: WebhookEndpointEntity, now: number): Buffer[] {
    const keys = [this.box.open(endpoint.secretSealed, endpoint.id)];
    const isRotating = endpoint.previousSecretUntil !== null && endpoint.previousSecretUntil > now;
    if (isRotating && endpoint.previousSecretSealed !== null) {
      keys.push(this.box.open(endpoint.previousSecretSealed, endpoint.id));
    }
    return keys;
  }

  /** False where none of the keys opens it: rotating is the way out of that. */
  private isPresentKey(endpoint: WebhookEndpointEntity, key: Buffer): boolean {
    try {
      return this.box.open(endpoint.secretSealed, endpoint.id).equals(key);
    } catch (error) {
      if (error instanceof UnreadableSecretError) return false;
      throw error;
    }
  }

  private async create(
    tx: Tx,
    command: StandingEndpointCommand,
    { jobId, path }: { jobId: string | null; path: string },
  ): Promise<CreatedEndpoint> {
    const events = checkedEvents(command.events, `${path}events`);
    const url = this.policy.checkUrl(command.url);
    const id = this.ids.uuid();
    const secret = command.secret ?? makeWebhookSecret(this.ids);
    await this.store.insert(tx, {
      id,
      jobId,
      url: url.href,
      events,
      kinds: checkedKinds(command.kinds),
      hasSignedUrls: command.signedUrls ?? false,
      secretSealed: this.box.seal(webhookSecretKey(secret, `${path}secret`), id),
      previousSecretSealed: null,
      previousSecretUntil: null,
      createdAt: this.clock.now(),
      failingSince: null,
      disabledAt: null,
      disabledReason: null,
      inlineBudgetBytes: command.inlineBudgetBytes ?? null,
      ratePerMinute: command.ratePerMinute ?? null,
      nextPostAt: null,
      replayingSince: null,
      replayDeliveryId: null,
      removedAt: null,
    });
    return { id, secret, isSecretMade: command.secret === undefined };
  }
}
