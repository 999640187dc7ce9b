import { sqlRows, type Queryable, type SqlValue, type Tx } from '@foreman/database';
import { canonicalJson } from '@foreman/kernel';

/** Neither kinds, queues nor labels hold a line break. */
export const SEPARATOR = '\n';

export type Labels = Readonly<Record<string, string>>;

/** What decides which edges can run a task, and in which queue it waits for them. */
export interface Demand {
  readonly kind: string;
  readonly queue: string;
  readonly requires: Labels | null;
  readonly assignedEdgeId: string | null;
}

/** The text that tasks of one kind, queue and required labels share, as `tasks.claim_group` holds it. */
export function claimGroupOf(task: Omit<Demand, 'assignedEdgeId'>): string {
  return groupText(task.kind, task.queue, requirementText(task.requires));
}

/** Tasks with equal signatures can be run by the same edges, in the same queue. */
export function demandSignature(task: Demand): string {
  return claimGroupOf(task) + SEPARATOR + (task.assignedEdgeId ?? '');
}

/** Whether these labels are all that a task requires. */
export function hasLabels(labels: Labels, requires: Labels | null): boolean {
  return Object.entries(requires ?? {}).every(([name, value]) => labels[name] === value);
}

/** Canonical, so that equal labels make one class; empty when a task requires none. */
function requirementText(requires: Labels | null): string {
  return requires === null || Object.keys(requires).length === 0 ? '' : canonicalJson(requires);
}

export function groupText(kind: string, queue: string, requirement: string): string {
  return [kind, queue, requirement].join(SEPARATOR);
}

/**
 * Makes known that tasks can be leased, in the transaction that queues them: no claim finds a task whose
 * group is not known. A group stays known until a claim, or retention, finds it empty. Where several
 * processes write (PostgreSQL), the row that is found must be locked against who finds it empty.
 */
export async function openClaimGroups(tx: Tx, tasks: readonly Demand[]): Promise<void> {
  const wanted = [...new Map(tasks.map((task) => [demandSignature(task), task])).values()];
  for (let from = 0; from < wanted.length; from += GROUPS_A_STATEMENT) {
    const groups = wanted.slice(from, from + GROUPS_A_STATEMENT).map(wantedGroup);
    const known = await tx.query<{ place: number }>(...overGroups(FIND_GROUPS, groups));
    const isKnown = new Set(known.map(({ place }) => Number(place)));
    await makeGroups(
      tx,
      groups.filter((_, place) => !isKnown.has(place)),
    );
  }
}

const GROUPS_A_STATEMENT = 64;

/** A class as its row names it. */
interface GroupClass {
  /** The edge that its tasks are assigned to; empty: any. */
  readonly edgeId: string;
  readonly kind: string;
  /** The required labels as canonical JSON; empty: none. */
  readonly requirement: string;
}

interface WantedGroup extends GroupClass {
  readonly requires: Labels;
  readonly queue: string;
}

function wantedGroup({ kind, queue, requires, assignedEdgeId }: Demand): WantedGroup {
  const requirement = requirementText(requires);
  return { edgeId: assignedEdgeId ?? '', kind, requires: requires ?? {}, requirement, queue };
}

/** A statement over a list of groups: place, edge, kind, requirement, queue. */
function overGroups(
  statement: (values: string) => string,
  groups: readonly WantedGroup[],
): [sql: string, params: SqlValue[]] {
  const { marks, params } = sqlRows(
    groups.map(({ edgeId, kind, requirement, queue }, place) => [
      place,
      edgeId,
      kind,
      requirement,
      queue,
    ]),
  );
  return [statement(marks), [...params]];
}

const OF_THEIR_CLASSES = `JOIN claim_classes ON claim_classes.edge_id = wanted.column2
  AND claim_classes.kind = wanted.column3 AND claim_classes.requires = wanted.column4`;

const FIND_GROUPS = (values: string) => `
  SELECT wanted.column1 AS place FROM (VALUES ${values}) wanted ${OF_THEIR_CLASSES}
  JOIN claim_groups ON claim_groups.class_id = claim_classes.id AND claim_groups.queue = wanted.column5`;

async function makeGroups(tx: Tx, groups: readonly WantedGroup[]): Promise<void> {
  if (groups.length === 0) return;
  const labels = new RarestLabels(tx);
  const classes: SqlValue[][] = [];
  for (const { edgeId, kind, requires, requirement } of groups) {
    classes.push([edgeId, kind, requirement, await labels.of(edgeId, kind, requires)]);
  }
  const { marks, params } = sqlRows(classes);
  await tx.execute(
    `INSERT INTO claim_classes (edge_id, kind, requires, label) VALUES ${marks}
     ON CONFLICT (edge_id, kind, requires) DO NOTHING`,
    params,
  );
  await tx.execute(...overGroups(INSERT_GROUPS, groups));
}

/** A queue that had no work stands where the next of its class stands: it has saved nothing up, and owes nothing. */
const INSERT_GROUPS = (values: string) => `
  INSERT INTO claim_groups (class_id, queue, position, is_paused)
  SELECT claim_classes.id, wanted.column5,
    coalesce((SELECT min(position) FROM claim_groups
              WHERE class_id = claim_classes.id AND is_paused = 0), 0),
    coalesce((SELECT is_paused FROM queues WHERE name = wanted.column5), 0)
  FROM (VALUES ${values}) wanted ${OF_THEIR_CLASSES} WHERE true
  ON CONFLICT (class_id, queue) DO NOTHING`;

/** Labels of a class that are compared; and of each no more classes are counted than this. */
const COMPARED_LABELS = 8;
const COUNTED_CLASSES = 100;

/**
 * The required label under which a claim finds a class: the one that the fewest classes stand under, so
 * that `gpu=true` of ten thousand customers is not what an edge of one of them has to go through.
 */
class RarestLabels {
  private readonly counts = new Map<string, number>();

  constructor(private readonly db: Queryable) {}

  async of(edgeId: string, kind: string, requires: Labels): Promise<string> {
    const labels = Object.entries(requires).map(labelText).slice(0, COMPARED_LABELS);
    let rarest = labels[0] ?? '';
    if (labels.length < 2) return rarest;
    let least = Number.POSITIVE_INFINITY;
    for (const label of labels) {
      const count = await this.count(edgeId, kind, label);
      if (count < least) [rarest, least] = [label, count];
    }
    return rarest;
  }

  private async count(edgeId: string, kind: string, label: string): Promise<number> {
    const name = [edgeId, kind, label].join(SEPARATOR);
    const known = this.counts.get(name);
    if (known !== undefined) return known;
    const [row] = await this.db.query<{ count: number }>(
      `SELECT count(*) AS count FROM (
         SELECT 1 FROM claim_classes WHERE edge_id = ? AND kind = ? AND label = ? LIMIT ?) some`,
      [edgeId, kind, label, COUNTED_CLASSES],
    );
    const count = Number(row?.count ?? 0);
    this.counts.set(name, count);
    return count;
  }
}

/** A label's name has no `=`. */
export function labelText([name, value]: readonly [string, string]): string {
  return `${name}=${value}`;
}

/** A condition on a row of `claim_groups`: its group has no task that could be leased if its queue is not paused. */
export function holdsNothing(ofClass: GroupClass) {
  const { edgeId, kind, requirement } = ofClass;
  const isOpen = edgeId === '';
  const sql = `NOT EXISTS (
    SELECT 1 FROM tasks WHERE status = 'queued' AND is_due = 1
      AND assigned_edge_id ${isOpen ? 'IS NULL' : '= ?'}
      AND claim_group = ? || claim_groups.queue || ?)`;
  const params = [...(isOpen ? [] : [edgeId]), kind + SEPARATOR, SEPARATOR + requirement];
  return { sql, params };
}

interface ClassRow {
  readonly id: number;
  readonly edge_id: string;
  readonly kind: string;
  readonly requires: string;
}

/** Where a walk over the groups stands. */
export interface GroupPlace {
  readonly classId: number;
  readonly queue: string;
}

/**
 * Of the next `limit` groups, forgets those that hold nothing, and of the classes as many that have none: those
 * that no claim comes across, because no edge asks for their kind. Answers where to go on; null: that was all.
 */
export async function forgetEmptyGroups(
  tx: Tx,
  after: GroupPlace,
  limit: number,
): Promise<GroupPlace | null> {
  const groups = await tx.query<ClassRow & { readonly queue: string }>(
    `SELECT claim_classes.id, claim_classes.edge_id, claim_classes.kind, claim_classes.requires,
       claim_groups.queue
     FROM claim_groups JOIN claim_classes ON claim_classes.id = claim_groups.class_id
     WHERE (claim_groups.class_id, claim_groups.queue) > (?, ?)
     ORDER BY claim_groups.class_id, claim_groups.queue LIMIT ?`,
    [after.classId, after.queue, limit],
  );
  for (const { id, queue, edge_id: edgeId, kind, requires: requirement } of groups) {
    const { sql, params } = holdsNothing({ edgeId, kind, requirement });
    await tx.execute(`DELETE FROM claim_groups WHERE class_id = ? AND queue = ? AND ${sql}`, [
      id,
      queue,
      ...params,
    ]);
  }
  const last = groups.length < limit ? undefined : groups.at(-1);
  const next = last === undefined ? null : { classId: Number(last.id), queue: last.queue };
  await tx.execute(
    `DELETE FROM claim_classes WHERE id IN (
       SELECT id FROM claim_classes
       WHERE NOT EXISTS (SELECT 1 FROM claim_groups WHERE class_id = claim_classes.id)
         AND id >= ? AND id <= ?
       ORDER BY id LIMIT ?)`,
    [after.classId, next?.classId ?? Number.MAX_SAFE_INTEGER, limit],
  );
  return next;
}

/** A paused queue's groups are no claim's; one that goes on stands where the next of its class stands. */
export async function pauseClaimGroups(tx: Tx, queue: string, isPaused: boolean): Promise<void> {
  await tx.execute(isPaused ? PAUSE : RESUME, [queue]);
}

const PAUSE = 'UPDATE claim_groups SET is_paused = 1 WHERE queue = ?';

const RESUME = `
  UPDATE claim_groups SET is_paused = 0, position = coalesce(
    (SELECT min(others.position) FROM claim_groups others
     WHERE others.class_id = claim_groups.class_id AND others.is_paused = 0), position)
  WHERE queue = ? AND is_paused = 1`;

/** A group that a queue has: it may hold tasks that can be leased once the queue is not paused. */
export interface GroupOfQueue extends Demand {
  readonly classId: number;
}

/** The queue's groups after a class, at most `limit` of them, in the order of their classes. */
export async function groupsOfQueue(
  db: Queryable,
  queue: string,
  afterClassId: number,
  limit: number,
): Promise<GroupOfQueue[]> {
  const rows = await db.query<ClassRow>(
    `SELECT claim_classes.id, edge_id, kind, requires
     FROM claim_groups JOIN claim_classes ON claim_classes.id = claim_groups.class_id
     WHERE claim_groups.queue = ? AND claim_groups.class_id > ?
     ORDER BY claim_groups.class_id LIMIT ?`,
    [queue, afterClassId, limit],
  );
  return rows.map((row) => ({
    classId: Number(row.id),
    kind: row.kind,
    queue,
    requires: row.requires === '' ? null : (JSON.parse(row.requires) as Labels),
    assignedEdgeId: row.edge_id === '' ? null : row.edge_id,
  }));
}

/** How many tasks of a group can be leased once its queue is not paused; no more than `limit` are counted. */
export async function queuedOfGroup(db: Queryable, group: Demand, limit: number): Promise<number> {
  const { assignedEdgeId } = group;
  const [row] = await db.query<{ count: number }>(
    `SELECT count(*) AS count FROM (
       SELECT 1 FROM tasks WHERE status = 'queued' AND is_due = 1
         AND assigned_edge_id ${assignedEdgeId === null ? 'IS NULL' : '= ?'} AND claim_group = ? LIMIT ?) few`,
    [...(assignedEdgeId === null ? [] : [assignedEdgeId]), claimGroupOf(group), limit],
  );
  return Number(row?.count ?? 0);
}
