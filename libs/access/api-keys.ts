import { type Queryable, ReadConnection, type Tx, UnitOfWork } from '@foreman/database';
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
import { TOKEN_PREFIX, digestsAreEqual, invalidToken, tokenHashOf } from './bearer-token';
import type { Principal } from './principal';
import { Revocations } from './revocations';
import type { Scope } from './scopes';

/** A key just made: the only moment at which its token is known. */
export interface NewApiKey {
  readonly key: ApiKeyEntity;
  readonly token: string;
}

/** API keys: made, recognised, listed, revoked. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly revocations: Revocations,
  ) {}

  /**
   * Who calls with this token, by one indexed read (ADR-0027).
   * @throws `auth.missing` for null, `auth.invalid` for an unknown, revoked or foreign token.
   */
  async authenticate(token: string | null): Promise<Principal> {
    const tokenHash = tokenHashOf('apiKey', token);
    const key = await apiKeyByHash(this.reads, tokenHash);
    if (key === null || key.revokedAt !== null || !digestsAreEqual(key.tokenHash, tokenHash)) {
      throw invalidToken();
    }
    return { credentialId: key.id, name: key.name, scopes: key.scopes };
  }

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
    if ((await revokeApiKey(tx, id, this.clock.now())) === 0) await this.get(tx, id);
    else this.revocations.announce(tx, id);
  }

  /**
   * Makes the settings' admin token known, and ends the one that the settings named before.
   * Answers `revoked`, and leaves it so, when this very token was revoked: a restart must not undo that. Called
   * before anybody is let in.
   */
  async ensureAdmin(token: string): Promise<'active' | 'revoked'> {
    const tokenHash = tokenHashOf('apiKey', token);
    return this.work.run(async (tx) => {
      await revokeFormerSettingsKeys(tx, tokenHash, this.clock.now());
      const known = await apiKeyByHash(tx, tokenHash);
      if (known !== null && known.revokedAt !== null) return 'revoked';
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
