import {
  Revocations,
  TOKEN_PREFIX,
  digestsAreEqual,
  invalidToken,
  tokenHashOf,
} from '@foreman/access';
import { type Queryable, ReadConnection, type Tx, UnitOfWork } from '@foreman/database';
import {
  Clock,
  DomainError,
  IdSource,
  type Page,
  type PageRequest,
  invalidField,
  isUuid,
  pageOf,
  sha256Hex,
} from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { assertLabels } from './edge-description';
import type { EdgeEntity } from './edge.entity';
import { type EdgePrincipal, edgePrincipalOf } from './edge-principal';
import {
  type EdgeChanges,
  edgeById,
  formerEdgeByName,
  edgeByTokenHash,
  giveToken,
  liveEdgeByName,
  liveEdgesAfter,
  markSeen,
  revokeEdge,
  takeToken,
  updateAgentVersion,
  updateEdge,
} from './edge.store';
import { EdgesSettings } from './edges.options';

/** The registry of edges. */
@Injectable()
export class Edges {
  constructor(
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly settings: EdgesSettings,
    private readonly revocations: Revocations,
  ) {}

  /**
   * Who calls with this token, by one indexed read (ADR-0027). Every `seenEverySeconds` it is also noted that the edge
   * was seen. The first use of a token ends the others that the edge was given, durably before the call goes on.
   * @throws `auth.missing` for null; `auth.invalid` for an unknown, foreign, replaced or revoked edge's token.
   */
  async authenticate(token: string | null): Promise<EdgePrincipal> {
    const tokenHash = tokenHashOf('edge', token);
    const edge = await edgeByTokenHash(this.reads, tokenHash);
    if (edge === null) throw invalidToken();
    const isKnown = edge.tokenHash !== null && digestsAreEqual(edge.tokenHash, tokenHash);
    // By its distance: a clock that was set back must not keep the edge from being seen.
    const seenMs = Math.abs(this.clock.now() - (edge.lastSeenAt ?? 0));
    if (isKnown && seenMs < this.settings.seenEveryMs) return edgePrincipalOf(edge);
    return this.work.run((tx) => this.noteUse(tx, tokenHash));
  }

  /** Reads the edge anew: another token of it may have been used first, or it was revoked. */
  private async noteUse(tx: Tx, tokenHash: string): Promise<EdgePrincipal> {
    const edge = await edgeByTokenHash(tx, tokenHash);
    if (edge === null) throw invalidToken();
    if (edge.tokenHash !== tokenHash) {
      await takeToken(tx, edge.id, tokenHash);
      this.revocations.announce(tx, edge.id);
    }
    await markSeen(tx, edge.id, this.clock.now());
    return edgePrincipalOf(edge);
  }

  /**
   * The edge as it is in this transaction. Whatever decides a lease is read here, and not from what the
   * call was let in by: an administrator may have changed the edge since. @throws `auth.invalid` for a revoked edge
   */
  async present(tx: Tx, id: string): Promise<EdgePrincipal> {
    const edge = await edgeById(tx, id);
    if (edge === null || edge.revokedAt !== null) throw invalidToken();
    return edgePrincipalOf(edge);
  }

  /** Edges that are not revoked, newest first. @throws `request.invalid` for a foreign cursor. */
  async list(db: Queryable, page: PageRequest): Promise<Page<EdgeEntity>> {
    return pageOf(await liveEdgesAfter(db, page), page.limit, (edge) => [edge.createdAt, edge.id]);
  }

  /** One edge, a revoked one too. @throws `edge.not_found` */
  async get(db: Queryable, id: string): Promise<EdgeEntity> {
    const edge = await edgeById(db, id);
    if (edge === null) throw notFound(id);
    return edge;
  }

  /** The live edge that an `assignTo` means, by id or name; null when there is none. */
  async resolve(db: Queryable, idOrName: string): Promise<string | null> {
    if (!isUuid(idOrName)) return (await liveEdgeByName(db, idOrName))?.id ?? null;
    const edge = await edgeById(db, idOrName);
    return edge === null || edge.revokedAt !== null ? null : edge.id;
  }

  /**
   * The edge that is asked about, by id, a revoked one too, or by name: the one that has it, else the one that had it
   * last. Null when there is none.
   */
  async find(db: Queryable, idOrName: string): Promise<string | null> {
    const edge = isUuid(idOrName)
      ? await edgeById(db, idOrName)
      : ((await liveEdgeByName(db, idOrName)) ?? (await formerEdgeByName(db, idOrName)));
    return edge?.id ?? null;
  }

  /** @throws `edge.not_found` (also for a revoked one), `request.invalid` */
  async change(tx: Tx, id: string, changes: EdgeChanges): Promise<EdgeEntity> {
    if (changes.labels !== undefined) assertLabels(changes.labels);
    if (typeof changes.maxLeases === 'number' && !(changes.maxLeases >= 1)) {
      throw invalidField('maxLeases', 'must be at least 1, or null for no limit');
    }
    if ((await updateEdge(tx, id, changes)) === 0) throw notFound(id);
    return this.get(tx, id);
  }

  /** What a heartbeat says of the agent. */
  async noteAgentVersion(tx: Tx, id: string, agentVersion: string): Promise<void> {
    await updateAgentVersion(tx, id, agentVersion);
  }

  /**
   * A new token, shown once. The present one, and those that were given and not used, work until one of the unused
   * is first used: a repeat, and a duplicate that comes late, end none. @throws `edge.not_found`
   */
  async rotateToken(tx: Tx, id: string): Promise<string> {
    const token = this.ids.token(TOKEN_PREFIX.edge);
    if (!(await giveToken(tx, id, sha256Hex(token), true))) throw notFound(id);
    return token;
  }

  /**
   * Closes the door to an edge for good; its name is free again. Its leases are leasing's to end, in
   * the same unit of work. Answers whether it was live; repeated: false. @throws `edge.not_found`
   */
  async revoke(tx: Tx, id: string): Promise<boolean> {
    const wasLive = await revokeEdge(tx, id, this.clock.now());
    if (wasLive) this.revocations.announce(tx, id);
    else await this.get(tx, id);
    return wasLive;
  }
}

function notFound(id: string): DomainError {
  return new DomainError('edge.not_found', `There is no edge ${id}.`);
}
