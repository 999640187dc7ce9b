import { ReadConnection } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { AccessSettings } from './access.options';
import { apiKeyByHash } from './api-key.store';
import { digestsAreEqual, invalidToken, tokenHashOf } from './bearer-token';
import type { Principal } from './principal';
import { TokenCache } from './token-cache';

/** Says who is behind an API key. */
@Injectable()
export class Authenticator {
  private readonly cache: TokenCache<Principal>;

  constructor(
    private readonly reads: ReadConnection,
    clock: Clock,
    settings: AccessSettings,
  ) {
    this.cache = new TokenCache(clock, settings.cacheMs, settings.cacheEntries);
  }

  /** @throws `auth.missing` for null, `auth.invalid` for an unknown, revoked or foreign token. */
  async apiKey(token: string | null): Promise<Principal> {
    const tokenHash = tokenHashOf('apiKey', token);
    const known = this.cache.get(tokenHash);
    if (known !== null) return known;
    const key = await apiKeyByHash(this.reads, tokenHash);
    if (key === null || key.revokedAt !== null || !digestsAreEqual(key.tokenHash, tokenHash)) {
      throw invalidToken();
    }
    const principal = { credentialId: key.id, name: key.name, scopes: key.scopes };
    this.cache.set(tokenHash, principal);
    return principal;
  }

  /** A revoked key is refused by this process from here on. */
  forget(tokenHash: string): void {
    this.cache.forget(tokenHash);
  }
}
