import { sqlRows, type Queryable, type SqlValue } from '@foreman/database';
import { claimGroupRange } from '@foreman/jobs';

/** Tasks of one claim group that can be leased as soon as their queue is not paused. */
export interface QueuedGroup {
  /** As `tasks.claim_group` has it. */
  readonly text: string;
  /** At most as many as were asked for. */
  readonly count: number;
}

/** What to count: tasks of a kind in a queue, that any edge may take (null) or that are assigned to one. */
export interface GroupsQuestion {
  readonly kind: string;
  readonly queue: string;
  readonly edgeId: string | null;
  /** Goes on after this group; null: from the first. */
  readonly after: string | null;
  /** More tasks of a group than this are not counted. */
  readonly limit: number;
}

/** Groups that one read answers at the most. */
export const GROUPS_PER_READ = 200;

/** Edges that one read asks about. */
const EDGES_PER_READ = 200;

/** In order of their texts; fewer than `GROUPS_PER_READ`: there are no more. */
export async function queuedGroups(
  db: Queryable,
  question: GroupsQuestion,
): Promise<QueuedGroup[]> {
  const { sql, params } = queuedGroupsStatement(question);
  const rows = await db.query<{ claim_group: string; count: number }>(sql, params);
  return rows.map((row) => ({ text: row.claim_group, count: Number(row.count) }));
}

/** Steps from group to group along the claim's index: a seek a group, and no more than `limit` tasks of each. */
export function queuedGroupsStatement({ kind, queue, edgeId, after, limit }: GroupsQuestion): {
  readonly sql: string;
  readonly params: SqlValue[];
} {
  const { from, below } = claimGroupRange(kind, queue);
  const owner: SqlValue[] = edgeId === null ? [] : [edgeId];
  const assignment = edgeId === null ? 'assigned_edge_id IS NULL' : 'assigned_edge_id = ?';
  const claimable = `status = 'queued' AND is_due = 1 AND ${assignment}`;
  const sql = `
    WITH RECURSIVE found (claim_group) AS (
      SELECT (SELECT min(claim_group) FROM tasks
              WHERE ${claimable} AND claim_group ${after === null ? '>=' : '>'} ? AND claim_group < ?)
      UNION ALL
      SELECT (SELECT min(claim_group) FROM tasks
              WHERE ${claimable} AND claim_group > found.claim_group AND claim_group < ?)
      FROM found WHERE claim_group IS NOT NULL
    )
    SELECT claim_group, (
      SELECT count(*) FROM (
        SELECT 1 FROM tasks WHERE ${claimable} AND claim_group = found.claim_group LIMIT ?) few
    ) AS count
    FROM found WHERE claim_group IS NOT NULL LIMIT ?`;
  const params = [
    ...owner,
    after ?? from,
    below,
    ...owner,
    below,
    ...owner,
    limit,
    GROUPS_PER_READ,
  ];
  return { sql, params };
}

/** Of these edges, those that have tasks assigned to them which a claim could take. */
export async function edgesWithTasks(db: Queryable, edgeIds: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (let start = 0; start < edgeIds.length; start += EDGES_PER_READ) {
    const some = edgeIds.slice(start, start + EDGES_PER_READ);
    const { marks, params } = sqlRows(some.map((id) => [id]));
    const rows = await db.query<{ id: string }>(edgesStatement(marks), params);
    for (const { id } of rows) found.add(id);
  }
  return [...found];
}

export function edgesStatement(marks: string): string {
  return `
    SELECT edges.column1 AS id FROM (VALUES ${marks}) edges
    WHERE EXISTS (SELECT 1 FROM tasks
      WHERE status = 'queued' AND is_due = 1 AND assigned_edge_id = edges.column1)`;
}
