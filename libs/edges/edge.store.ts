import type { Queryable, SqlValue, Tx } from '@foreman/database';
import { type PageRequest, decodeCursor } from '@foreman/kernel';
import { type DesiredState, EdgeEntity, type Labels } from './edge.entity';

/** The SQL of `edges` and of their unused tokens. */

/**
 * Unused tokens that one edge may have: as many answers as may be lost, or delayed, one behind the other, with room to
 * spare. The oldest goes for a new one.
 */
const UNUSED_TOKENS = 10;

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

/** The live edge that this token is of; one that is not its `tokenHash` was never used. */
export async function edgeByTokenHash(
  db: Queryable,
  tokenHash: string,
): Promise<EdgeEntity | null> {
  const [edge] = await db.entities(EdgeEntity, EDGE_BY_TOKEN, [tokenHash, tokenHash]);
  return edge ?? null;
}

const EDGE_BY_TOKEN = `
  SELECT * FROM edges WHERE token_hash = ? AND revoked_at IS NULL
  UNION ALL
  SELECT edges.* FROM unused_edge_tokens AS unused JOIN edges ON edges.id = unused.edge_id
  WHERE unused.token_hash = ? AND revoked_at IS NULL`;

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

/** The repeat of an enrolment: only while no token of the edge was used. False: one was. */
export async function describeUnusedEdge(tx: Tx, edge: EdgeEntity): Promise<boolean> {
  const changed = await tx.execute(
    `UPDATE edges SET name = ?, kinds = ?, labels = ?, agent_version = ?, platform = ?
     WHERE id = ? AND token_hash IS NULL AND revoked_at IS NULL`,
    [
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

/** Until one of them is used, all tokens that a live edge was given are good. False: it is not there, or revoked. */
export async function giveToken(
  tx: Tx,
  edgeId: string,
  tokenHash: string,
  isRotated: boolean,
): Promise<boolean> {
  const given = await tx.execute(
    `INSERT INTO unused_edge_tokens (edge_id, token_hash, is_rotated)
     SELECT id, ?, ? FROM edges WHERE id = ? AND revoked_at IS NULL`,
    [tokenHash, isRotated, edgeId],
  );
  await tx.execute(
    `DELETE FROM unused_edge_tokens WHERE edge_id = ? AND id NOT IN
       (SELECT id FROM unused_edge_tokens WHERE edge_id = ? ORDER BY id DESC LIMIT ?)`,
    [edgeId, edgeId, UNUSED_TOKENS],
  );
  return given === 1;
}

/**
 * The first use of a token: it becomes the edge's, and the others are none from here on. But the first use of what an
 * enrolment gave does not end what an administrator has given since, by a rotation: that is to replace it.
 */
export async function takeToken(tx: Tx, edgeId: string, tokenHash: string): Promise<void> {
  await tx.execute(`UPDATE edges SET token_hash = ? WHERE id = ?`, [tokenHash, edgeId]);
  await tx.execute(
    `DELETE FROM unused_edge_tokens WHERE edge_id = ? AND (is_rotated = 0 OR
       (SELECT is_rotated FROM unused_edge_tokens WHERE token_hash = ?) = 1)`,
    [edgeId, tokenHash],
  );
}

async function forgetUnusedTokens(tx: Tx, edgeId: string): Promise<void> {
  await tx.execute(`DELETE FROM unused_edge_tokens WHERE edge_id = ?`, [edgeId]);
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

/** Its tokens die with it. The hash stays, so that no other edge can ever be given the same. */
export async function revokeEdge(tx: Tx, id: string, now: number): Promise<boolean> {
  const changed = await tx.execute(
    `UPDATE edges SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`,
    [now, id],
  );
  await forgetUnusedTokens(tx, id);
  return changed === 1;
}
