import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { Clock, DomainError, IdSource } from '@foreman/kernel';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import { SecretBox } from '../signing/secret-box';
import { makeWebhookSecret, webhookSecretKey } from '../signing/webhook-secret';
import { TargetPolicy } from '../target/target-policy';
import { WebhooksSettings } from '../webhooks.options';
import {
  checkedEvents,
  type JobWebhookCommand,
  type StandingEndpointCommand,
} from './endpoint-command';
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
    return this.create(tx, command, { jobId, kinds: null, path: 'webhook.' });
  }

  /** An endpoint for the events of every job, or of those of `kinds`. @throws as `createForJob`. */
  async createStanding(tx: Tx, command: StandingEndpointCommand): Promise<CreatedEndpoint> {
    const kinds = command.kinds === undefined ? null : [...new Set(command.kinds)];
    return this.create(tx, command, { jobId: null, kinds, path: '' });
  }

  /**
   * A new secret; the old one signs beside it for `rotationSeconds`, so that a receiver can change over
   * without refusing anything. @throws `endpoint.not_found`.
   */
  async rotateSecret(tx: Tx, endpointId: string, given?: string): Promise<CreatedEndpoint> {
    const secret = given ?? makeWebhookSecret(this.ids);
    const sealed = this.box.seal(webhookSecretKey(secret, 'secret'), endpointId);
    const oldUntil = this.clock.now() + this.settings.rotationMs;
    if (!(await this.store.replaceSecret(tx, endpointId, sealed, oldUntil))) {
      throw new DomainError('endpoint.not_found', `There is no webhook endpoint ${endpointId}.`);
    }
    return { id: endpointId, secret, isSecretMade: given === undefined };
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

  private async create(
    tx: Tx,
    command: JobWebhookCommand,
    standing: { jobId: string | null; kinds: string[] | null; path: string },
  ): Promise<CreatedEndpoint> {
    const events = checkedEvents(command.events, `${standing.path}events`);
    const url = this.policy.checkUrl(command.url);
    const id = this.ids.uuid();
    const secret = command.secret ?? makeWebhookSecret(this.ids);
    await this.store.insert(tx, {
      id,
      jobId: standing.jobId,
      url: url.href,
      events,
      kinds: standing.kinds,
      hasSignedUrls: command.signedUrls ?? false,
      secretSealed: this.box.seal(webhookSecretKey(secret, `${standing.path}secret`), id),
      previousSecretSealed: null,
      previousSecretUntil: null,
      createdAt: this.clock.now(),
      failingSince: null,
      disabledAt: null,
      disabledReason: null,
    });
    return { id, secret, isSecretMade: command.secret === undefined };
  }
}
