import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { Clock, DomainError, IdSource, isoTime } from '@foreman/kernel';
import type { WebhookEndpointEntity } from '../entities/endpoint.entity';
import { sealedListOf } from '../signing/sealed-list';
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

/** So many sign beside a new one: what receivers have, and what they may have been given since. Each is a signature in every post. */
const MOST_PREVIOUS_SECRETS = 2;

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
   * A new secret; those that signed before sign beside it for `rotationSeconds`, so that a receiver can change over
   * without refusing anything. While they do, none is made: who has lost the answer asks again, and the one that receivers
   * have would be gone with the second. A given one is taken even then; the present one changes nothing.
   * @throws `endpoint.not_found`; `endpoint.rotating`.
   */
  async rotateSecret(tx: Tx, endpointId: string, given?: string): Promise<CreatedEndpoint> {
    const secret = given ?? makeWebhookSecret(this.ids);
    const key = webhookSecretKey(secret, 'secret');
    const answer = { id: endpointId, secret, isSecretMade: given === undefined };
    const endpoint = await this.store.find(tx, endpointId);
    if (endpoint === null) {
      throw new DomainError('endpoint.not_found', `There is no webhook endpoint ${endpointId}.`);
    }
    const now = this.clock.now();
    if (given !== undefined && this.opened(endpoint.secretSealed, endpointId)?.equals(key)) {
      return answer;
    }
    // What none of the keys opens signs nothing: rotating is the way out of that.
    const signing = sealedSecrets(endpoint, now).filter(
      (sealed) => this.opened(sealed, endpointId) !== null,
    );
    if (given === undefined && signing.length > 1) throw rotating(endpoint.previousSecretUntil);
    const sealed = this.box.seal(key, endpointId);
    const previous = signing.slice(0, MOST_PREVIOUS_SECRETS);
    const until = now + this.settings.rotationMs;
    await this.store.replaceSecret(tx, endpointId, sealed, previous, until);
    if (endpoint.jobId === null) {
      await this.history.record(tx, endpointId, 'secret_rotated', now);
    }
    return answer;
  }

  /** The keys that sign for an endpoint now, the newest first. @throws UnreadableSecretError. */
  signingKeys(endpoint: WebhookEndpointEntity, now: number): Buffer[] {
    return sealedSecrets(endpoint, now).map((sealed) => this.box.open(sealed, endpoint.id));
  }

  /** Null where none of the keys opens it. */
  private opened(sealed: string, endpointId: string): Buffer | null {
    try {
      return this.box.open(sealed, endpointId);
    } catch (error) {
      if (error instanceof UnreadableSecretError) return null;
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

/** Of those that sign now, the newest first. */
function sealedSecrets(endpoint: WebhookEndpointEntity, now: number): string[] {
  const isRotating = endpoint.previousSecretUntil !== null && endpoint.previousSecretUntil > now;
  const previous = isRotating ? sealedListOf(endpoint.previousSecretSealed) : [];
  return [endpoint.secretSealed, ...previous];
}

function rotating(until: number | null): DomainError {
  const when = until === null ? '' : ` until ${isoTime(until)}`;
  return new DomainError(
    'endpoint.rotating',
    `The secret was replaced already, and the one before still signs${when}. Give a secret of your own, or wait.`,
  );
}
