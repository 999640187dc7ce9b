import { type Queryable, type Tx, UnitOfWork } from '@foreman/database';
import {
  Clock,
  DomainError,
  IdSource,
  type Page,
  type PageRequest,
  pageOf,
  sha256Hex,
} from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { ApiKeyEntity } from './api-key.entity';
import {
  apiKeyByHash,
  apiKeyById,
  apiKeysAfter,
  insertApiKey,
  revokeApiKey,
  revokeFormerSettingsKeys,
} from './api-key.store';
import { Authenticator } from './authenticator';
import { TOKEN_PREFIX, tokenHashOf } from './bearer-token';
import type { Scope } from './scopes';

/** A key just made: the only moment at which its token is known. */
export interface NewApiKey {
  readonly key: ApiKeyEntity;
  readonly token: string;
}

/** API keys: made, listed, revoked. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly authenticator: Authenticator,
  ) {}

  /** Makes a key; its token is in this answer and nowhere else. */
  async create(
    tx: Tx,
    command: { readonly name: string; readonly scopes: readonly Scope[] },
  ): Promise<NewApiKey> {
    const token = this.ids.token(TOKEN_PREFIX.apiKey);
    const key = this.newKey(command.name, command.scopes, sha256Hex(token), false);
    await insertApiKey(tx, key);
    return { key, token };
  }

  /** Newest first, revoked ones included. @throws `request.invalid` for a foreign cursor. */
  async list(db: Queryable, page: PageRequest): Promise<Page<ApiKeyEntity>> {
    return pageOf(await apiKeysAfter(db, page), page.limit, (key) => [key.createdAt, key.id]);
  }

  /** @throws `api_key.not_found` */
  async get(db: Queryable, id: string): Promise<ApiKeyEntity> {
    const key = await apiKeyById(db, id);
    if (key === null) throw new DomainError('api_key.not_found', `There is no API key ${id}.`);
    return key;
  }

  /** Revokes a key for good; repeated, it changes nothing. @throws `api_key.not_found` */
  async revoke(tx: Tx, id: string): Promise<void> {
    const tokenHash = await revokeApiKey(tx, id, this.clock.now());
    if (tokenHash !== null) tx.afterCommit(() => this.authenticator.forget(tokenHash));
    else await this.get(tx, id);
  }

  /**
   * Makes the settings' admin token known, and ends the one that the settings named before.
   * Answers `revoked`, and leaves it so, when an administrator has revoked this very token: a restart
   * must not undo that.
   */
  async ensureAdmin(token: string): Promise<'active' | 'revoked'> {
    const tokenHash = tokenHashOf('apiKey', token);
    return this.work.run(async (tx) => {
      const known = await apiKeyByHash(tx, tokenHash);
      if (known !== null && known.revokedAt !== null) return 'revoked';
      await revokeFormerSettingsKeys(tx, tokenHash, this.clock.now());
      if (known === null) {
        await insertApiKey(
          tx,
          this.newKey('admin token of the settings', ['admin'], tokenHash, true),
        );
      }
      return 'active';
    });
  }

  private newKey(
    name: string,
    scopes: readonly Scope[],
    tokenHash: string,
    isFromSettings: boolean,
  ): ApiKeyEntity {
    return Object.assign(new ApiKeyEntity(), {
      id: this.ids.uuid(),
      name,
      scopes: [...scopes],
      tokenHash,
      isFromSettings,
      createdAt: this.clock.now(),
      revokedAt: null,
    });
  }
}
