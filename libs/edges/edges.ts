import { TOKEN_PREFIX, invalidToken } from '@foreman/access';
import type { Queryable, Tx } from '@foreman/database';
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
import { EdgeAuthenticator } from './edge-authenticator';
import { assertLabels } from './edge-description';
import type { EdgeEntity } from './edge.entity';
import { type EdgePrincipal, edgePrincipalOf } from './edge-principal';
import {
  type EdgeChanges,
  edgeById,
  formerEdgeByName,
  liveEdgeByName,
  liveEdgesAfter,
  revokeEdge,
  setNextToken,
  updateAgentVersion,
  updateEdge,
} from './edge.store';

/** The registry of edges. */
@Injectable()
export class Edges {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly authenticator: EdgeAuthenticator,
  ) {}

  /** Who calls with this token. @throws `auth.missing`, `auth.invalid` */
  authenticate(token: string | null): Promise<EdgePrincipal> {
    return this.authenticator.authenticate(token);
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
    tx.afterCommit(() => this.authenticator.forget(id));
    return this.get(tx, id);
  }

  /** What a heartbeat says of the agent. */
  async noteAgentVersion(tx: Tx, id: string, agentVersion: string): Promise<void> {
    await updateAgentVersion(tx, id, agentVersion);
    tx.afterCommit(() => this.authenticator.forget(id));
  }

  /**
   * A new token, shown once. The present one works until the new one is first used; a token that an
   * earlier rotation gave and that was not used is replaced. @throws `edge.not_found`
   */
  async rotateToken(tx: Tx, id: string): Promise<string> {
    const token = this.ids.token(TOKEN_PREFIX.edge);
    if ((await setNextToken(tx, id, sha256Hex(token))) === 0) throw notFound(id);
    tx.afterCommit(() => this.authenticator.forget(id));
    return token;
  }

  /**
   * Closes the door to an edge for good; its name is free again. Its leases are leasing's to end, in
   * the same unit of work. Answers whether it was live; repeated: false. @throws `edge.not_found`
   */
  async revoke(tx: Tx, id: string): Promise<boolean> {
    const changed = await revokeEdge(tx, id, this.clock.now());
    if (changed === 0) await this.get(tx, id);
    tx.afterCommit(() => this.authenticator.forget(id));
    return changed === 1;
  }
}

function notFound(id: string): DomainError {
  return new DomainError('edge.not_found', `There is no edge ${id}.`);
}
