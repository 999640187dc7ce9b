import type { Queryable, SqlValue, Tx } from '@foreman/database';
import { type PageRequest, decodeCursor } from '@foreman/kernel';
import { type DesiredState, EdgeEntity, type Labels } from './edge.entity';

/** The SQL of `edges`. */

export async function insertEdge(tx: Tx, edge: EdgeEntity): Promise<void> {
  await tx.insert('edges', {
    id: edge.id,
    name: edge.name,
    kinds: JSON.stringify(edge.kinds),
    labels: JSON.stringify(edge.labels),
    token_hash: edge.tokenHash,
    desired: edge.desired,
    max_leases: edge.maxLeases,
    agent_version: edge.agentVersion,
    platform: edge.platform,
    created_at: edge.createdAt,
  });
}

export async function edgeById(db: Queryable, id: string): Promise<EdgeEntity | null> {
  const [edge] = await db.entities(EdgeEntity, `SELECT * FROM edges WHERE id = ?`, [id]);
  return edge ?? null;
}

export async function liveEdgeByName(db: Queryable, name: string): Promise<EdgeEntity | null> {
  const [edge] = await db.entities(
    EdgeEntity,
    `SELECT * FROM edges WHERE name = ? AND revoked_at IS NULL`,
    [name],
  );
  return edge ?? null;
}

/** Of the revoked edges that had this name, the one that had it last. */
export async function formerEdgeByName(db: Queryable, name: string): Promise<EdgeEntity | null> {
  const [edge] = await db.entities(
    EdgeEntity,
    `SELECT * FROM edges WHERE name = ? AND revoked_at IS NOT NULL
     ORDER BY revoked_at DESC LIMIT 1`,
    [name],
  );
  return edge ?? null;
}

/** The live edge whose present or next token has this hash. */
export async function edgeByTokenHash(
  db: Queryable,
  tokenHash: string,
): Promise<EdgeEntity | null> {
  const [edge] = await db.entities(
    EdgeEntity,
    `SELECT * FROM edges WHERE token_hash = ? AND revoked_at IS NULL
     UNION ALL
     SELECT * FROM edges WHERE next_token_hash = ? AND revoked_at IS NULL`,
    [tokenHash, tokenHash],
  );
  return edge ?? null;
}

/** Live edges, newest first, one more than asked for. */
export function liveEdgesAfter(db: Queryable, page: PageRequest): Promise<EdgeEntity[]> {
  if (page.cursor === null) {
    return db.entities(
      EdgeEntity,
      `SELECT * FROM edges WHERE revoked_at IS NULL
       ORDER BY created_at DESC, id DESC LIMIT ?`,
      [page.limit + 1],
    );
  }
  return db.entities(
    EdgeEntity,
    `SELECT * FROM edges WHERE revoked_at IS NULL AND (created_at, id) < (?, ?)
     ORDER BY created_at DESC, id DESC LIMIT ?`,
    [...decodeCursor(page.cursor, 2), page.limit + 1],
  );
}

/** The repeat of an enrolment: only while the token it gave before is unused. False: it was used. */
export async function replaceUnusedToken(
  tx: Tx,
  edge: Pick<
    EdgeEntity,
    'id' | 'tokenHash' | 'name' | 'kinds' | 'labels' | 'agentVersion' | 'platform'
  >,
): Promise<boolean> {
  const changed = await tx.execute(
    `UPDATE edges SET token_hash = ?, name = ?, kinds = ?, labels = ?, agent_version = ?, platform = ?
     WHERE id = ? AND token_first_used_at IS NULL AND revoked_at IS NULL`,
    [
      edge.tokenHash,
      edge.name,
      JSON.stringify(edge.kinds),
      JSON.stringify(edge.labels),
      edge.agentVersion,
      edge.platform,
      edge.id,
    ],
  );
  return changed === 1;
}

/** The first use of the present token: the enrolment that gave it is spent. */
export function markTokenUsed(tx: Tx, tokenHash: string, now: number): Promise<number> {
  return tx.execute(
    `UPDATE edges SET token_first_used_at = ?
     WHERE token_hash = ? AND token_first_used_at IS NULL AND revoked_at IS NULL`,
    [now, tokenHash],
  );
}

/** The first use of a rotated token: it becomes the present one, and the old one dies. */
export function promoteNextToken(tx: Tx, tokenHash: string, now: number): Promise<number> {
  return tx.execute(
    `UPDATE edges SET token_hash = next_token_hash, next_token_hash = NULL, token_first_used_at = ?
     WHERE next_token_hash = ? AND revoked_at IS NULL`,
    [now, tokenHash],
  );
}

export function setNextToken(tx: Tx, id: string, tokenHash: string): Promise<number> {
  return tx.execute(`UPDATE edges SET next_token_hash = ? WHERE id = ? AND revoked_at IS NULL`, [
    tokenHash,
    id,
  ]);
}

export function markSeen(tx: Tx, id: string, now: number): Promise<number> {
  return tx.execute(`UPDATE edges SET last_seen_at = ? WHERE id = ?`, [now, id]);
}

export function updateAgentVersion(tx: Tx, id: string, agentVersion: string): Promise<number> {
  return tx.execute(`UPDATE edges SET agent_version = ? WHERE id = ? AND agent_version IS NOT ?`, [
    agentVersion,
    id,
    agentVersion,
  ]);
}

/** What an administrator may change; a field that is left out stays as it is. */
export interface EdgeChanges {
  readonly desired?: DesiredState;
  readonly labels?: Labels;
  readonly maxLeases?: number | null;
}

export function updateEdge(tx: Tx, id: string, changes: EdgeChanges): Promise<number> {
  const columns: [string, SqlValue][] = [];
  if (changes.desired !== undefined) columns.push(['desired', changes.desired]);
  if (changes.labels !== undefined) columns.push(['labels', JSON.stringify(changes.labels)]);
  if (changes.maxLeases !== undefined) columns.push(['max_leases', changes.maxLeases]);
  // Nothing to change: still tells whether the edge is there.
  if (columns.length === 0) columns.push(['id', id]);
  return tx.execute(
    `UPDATE edges SET ${columns.map(([name]) => `${name} = ?`).join(', ')}
     WHERE id = ? AND revoked_at IS NULL`,
    [...columns.map(([, value]) => value), id],
  );
}

/** Both tokens die with it. The hash stays, so that no other edge can ever be given the same. */
export function revokeEdge(tx: Tx, id: string, now: number): Promise<number> {
  return tx.execute(
    `UPDATE edges SET revoked_at = ?, next_token_hash = NULL WHERE id = ? AND revoked_at IS NULL`,
    [now, id],
  );
}
