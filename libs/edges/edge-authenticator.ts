import { TokenCache, digestsAreEqual, invalidToken, tokenHashOf } from '@foreman/access';
import { ReadConnection, type Tx, UnitOfWork } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { type EdgePrincipal, edgePrincipalOf } from './edge-principal';
import { edgeByTokenHash, markSeen, markTokenUsed, promoteNextToken } from './edge.store';
import { EdgesSettings } from './edges.options';

/** Says which edge calls, and notes that it was seen. */
@Injectable()
export class EdgeAuthenticator {
  private readonly cache: TokenCache<EdgePrincipal>;
  /** When each edge's `last_seen_at` was last written, on the monotonic clock. */
  private readonly seen: TokenCache<true>;

  constructor(
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    settings: EdgesSettings,
  ) {
    this.cache = new TokenCache(clock, settings.cacheMs, settings.cacheEntries);
    this.seen = new TokenCache(clock, settings.seenEveryMs, settings.cacheEntries);
  }

  /** @throws `auth.missing` for null; `auth.invalid` for an unknown, foreign, replaced or revoked edge's token. */
  async authenticate(token: string | null): Promise<EdgePrincipal> {
    const tokenHash = tokenHashOf('edge', token);
    const principal = this.cache.get(tokenHash) ?? (await this.lookUp(tokenHash));
    await this.noteSeen(principal.edgeId);
    return principal;
  }

  /** The next call of this edge is looked up anew, whichever token it brings. */
  forget(edgeId: string): void {
    this.cache.forgetWhere((principal) => principal.edgeId === edgeId);
  }

  private async lookUp(tokenHash: string): Promise<EdgePrincipal> {
    const edge = await edgeByTokenHash(this.reads, tokenHash);
    if (edge === null) throw invalidToken();
    if (!digestsAreEqual(edge.tokenHash, tokenHash)) {
      await this.firstUse(tokenHash, promoteNextToken);
      this.forget(edge.id);
    } else if (edge.tokenFirstUsedAt === null) {
      await this.firstUse(tokenHash, markTokenUsed);
    }
    const principal = edgePrincipalOf(edge);
    this.cache.set(tokenHash, principal);
    return principal;
  }

  /** Durable before the call goes on: from here on no older token of this edge comes to life again. */
  private async firstUse(
    tokenHash: string,
    note: (tx: Tx, tokenHash: string, now: number) => Promise<number>,
  ): Promise<void> {
    const changed = await this.work.run((tx) => note(tx, tokenHash, this.clock.now()));
    if (changed === 1) return;
    // Another call was faster: with the same token, or with one that replaced it.
    const present = await edgeByTokenHash(this.reads, tokenHash);
    if (present === null || present.tokenHash !== tokenHash) throw invalidToken();
  }

  private async noteSeen(edgeId: string): Promise<void> {
    if (this.seen.get(edgeId) !== null) return;
    this.seen.set(edgeId, true);
    await this.work.run((tx) => markSeen(tx, edgeId, this.clock.now()));
  }
}
