import { sqlList, type Queryable, type SqlValue, type Tx } from '@foreman/database';
import { groupText, hasLabels, holdsNothing, labelText, type Labels } from './claim-groups';

/** What asks for a task: an edge, and the kinds that it wants. */
export interface Demander {
  readonly edgeId: string;
  readonly kinds: readonly string[];
  readonly labels: Labels;
}

/**
 * A queue that is among the next of its class. A class is what the same edges can run (kind, required
 * labels, assigned edge); a group is a class in one queue.
 */
export interface ClaimHead {
  readonly classId: number;
  /** The class holds tasks that are assigned to this edge. */
  readonly isOwn: boolean;
  readonly kind: string;
  readonly requirement: string;
  readonly queue: string;
  /** In virtual time, comparable between classes: the lowest is next. */
  readonly position: number;
  /** In virtual time of its own class, as stored. */
  readonly rawPosition: number;
  readonly weight: number;
}

/** The text of the group that a class has in a queue. */
export function groupOfClass(head: ClaimHead, queue: string): string {
  return groupText(head.kind, queue, head.requirement);
}

/**
 * The next `count` queues of every class that an edge can run, paused ones left out: one seek for each
 * kind and label of the edge, however many queues and groups there are.
 */
export async function claimHeads(
  db: Queryable,
  { edgeId, kinds, labels }: Demander,
  count: number,
): Promise<ClaimHead[]> {
  if (kinds.length === 0) return [];
  const statement = claimHeadsStatement(edgeId, kinds, labels, count);
  const rows = await db.query<HeadRow>(statement.sql, statement.params);
  return rows.map(claimHead).filter(({ requirement }) => {
    return requirement === '' || hasLabels(labels, JSON.parse(requirement) as Labels);
  });
}

interface HeadRow {
  readonly id: number;
  readonly edge_id: string;
  readonly kind: string;
  readonly requires: string;
  readonly base: number;
  readonly queue: string;
  readonly position: number;
  readonly weight: number;
}

export function claimHeadsStatement(
  edgeId: string,
  kinds: readonly string[],
  labels: Labels,
  count: number,
): { readonly sql: string; readonly params: SqlValue[] } {
  const wanted = sqlList(kinds);
  const had = sqlList(['', ...Object.entries(labels).map(labelText)]);
  const sql = `
    WITH classes AS (
      SELECT * FROM claim_classes
      WHERE edge_id = '' AND kind IN (${wanted.marks}) AND label IN (${had.marks})
      UNION ALL
      SELECT * FROM claim_classes WHERE edge_id = ? AND kind IN (${wanted.marks}))
    SELECT classes.id, classes.edge_id, classes.kind, classes.requires, classes.base,
      heads.queue, heads.position, coalesce(queues.weight, 1) AS weight
    FROM classes
    JOIN claim_groups heads ON heads.class_id = classes.id AND heads.queue IN (
      SELECT queue FROM claim_groups WHERE class_id = classes.id AND is_paused = 0
      ORDER BY position, queue LIMIT ?)
    LEFT JOIN queues ON queues.name = heads.queue`;
  return { sql, params: [...wanted.params, ...had.params, edgeId, ...wanted.params, count] };
}

function claimHead(row: HeadRow): ClaimHead {
  return {
    classId: Number(row.id),
    isOwn: row.edge_id !== '',
    kind: row.kind,
    requirement: row.requires,
    queue: row.queue,
    position: row.base + row.position,
    rawPosition: row.position,
    weight: Number(row.weight),
  };
}

/**
 * A queue has had its turn before others: it moves on by 1 / weight, in every class that the claim could
 * take from. A class that is further ahead than a turn has run ahead among other edges; it comes back to
 * the others, or those would be served alone until they have caught up.
 */
export async function chargeQueue(
  tx: Tx,
  taken: ClaimHead,
  heads: readonly ClaimHead[],
): Promise<void> {
  if (heads.every(({ queue }) => queue === taken.queue)) return;
  const nextOfClass = new Map<number, number>();
  for (const { classId, position } of heads) {
    nextOfClass.set(classId, Math.min(position, nextOfClass.get(classId) ?? position));
  }
  const classes = sqlList([...nextOfClass.keys()]);
  await tx.execute(
    `UPDATE claim_groups SET position = position + ?
     WHERE queue = ? AND class_id IN (${classes.marks})`,
    [1 / taken.weight, taken.queue, ...classes.params],
  );
  for (const [classId, position] of nextOfClass) {
    const aheadBy = position - (taken.position + 1);
    if (aheadBy <= 0) continue;
    await tx.execute('UPDATE claim_classes SET base = base - ? WHERE id = ?', [aheadBy, classId]);
  }
}

/** Groups that one look for empty ones goes through. */
const EMPTY_BATCH = 100;

/**
 * A claim found nothing in this queue: forgets the groups of its class that are as far and hold nothing
 * that can be leased, the queue's own among them. What is further ahead keeps its place until its turn,
 * or a queue that is empty now and then would never be charged. Answers how many.
 */
export async function dropEmptyGroups(tx: Tx, head: ClaimHead, edgeId: string): Promise<number> {
  const { sql, params } = holdsNothing({ ...head, edgeId: head.isOwn ? edgeId : '' });
  return tx.execute(
    `DELETE FROM claim_groups WHERE class_id = ? AND queue IN (
       SELECT queue FROM claim_groups WHERE class_id = ? AND is_paused = 0 AND position <= ?
       ORDER BY position, queue LIMIT ?)
     AND ${sql}`,
    [head.classId, head.classId, head.rawPosition, EMPTY_BATCH, ...params],
  );
}
