import { Injectable } from '@nestjs/common';
import { sqlList, sqlRows, type Queryable, type SqlValue } from '@foreman/database';
import { claimGroupRange, hasLabels, readClaimGroup } from '@foreman/jobs';
import type { Claimant } from './claimant';

/** A queue that is not paused, with the groups of tasks in it that an edge can run. */
export interface ClaimableQueue {
  readonly name: string;
  readonly weight: number;
  /** Texts of claim groups that hold tasks for any edge. */
  readonly openGroups: string[];
  /** Texts of claim groups that hold tasks assigned to this edge. */
  readonly ownGroups: string[];
}

/**
 * Groups of one kind that one claim looks at. Where there are more (a queue for each of a thousand
 * customers), the next claim goes on with those that follow.
 */
const GROUPS_PER_KIND = 1000;

/** Finds out, group by group and never task by task, which queues hold work for an edge. */
@Injectable()
export class ClaimableQueues {
  /** Where the next look at a kind begins, for kinds with more groups than one look takes. */
  private readonly turns = new Map<string, string>();

  async list(db: Queryable, claimant: Claimant): Promise<Map<string, ClaimableQueue>> {
    const groups = await this.groups(db, claimant);
    const names = [...new Set(groups.map((group) => group.queue))];
    const queues = await openQueues(db, names);
    for (const { queue: name, text, isOwn } of groups) {
      const queue = queues.get(name);
      if (isOwn) queue?.ownGroups.push(text);
      else queue?.openGroups.push(text);
    }
    return queues;
  }

  /** Those whose labels the edge has. */
  private async groups(db: Queryable, claimant: Claimant): Promise<FoundGroup[]> {
    const ranges = claimant.kinds.map((kind) => {
      const whole = claimGroupRange(kind);
      return { kind, whole, from: this.turns.get(kind) ?? whole.from, below: whole.below };
    });
    const rows = await look(db, claimant.edgeId, ranges);
    // A look that began in the middle and came to the end goes on from the beginning.
    const cutShort = this.turnsAfter(
      rows,
      ranges.map(({ kind }) => kind),
    );
    const wrapped = ranges
      .filter(({ kind, whole, from }) => from !== whole.from && !cutShort.has(kind))
      .map(({ whole, from }) => ({ from: whole.from, below: from }));
    if (wrapped.length > 0) rows.push(...(await look(db, claimant.edgeId, wrapped)));
    return rows
      .map((row) => ({
        ...readClaimGroup(row.claim_group),
        text: row.claim_group,
        isOwn: Boolean(row.is_own),
      }))
      .filter(({ requires }) => hasLabels(claimant.labels, requires));
  }

  private turnsAfter(rows: readonly GroupRow[], kinds: readonly string[]): Set<string> {
    for (const kind of kinds) this.turns.delete(kind);
    const cutShort = new Set<string>();
    for (const row of rows) {
      if (row.place < GROUPS_PER_KIND || row.is_own) continue;
      const { kind } = readClaimGroup(row.claim_group);
      // A space sorts before whatever another group's text could go on with.
      this.turns.set(kind, `${row.claim_group} `);
      cutShort.add(kind);
    }
    return cutShort;
  }
}

interface GroupRow {
  readonly claim_group: string;
  readonly is_own: number | boolean;
  readonly place: number;
}

interface FoundGroup {
  readonly queue: string;
  readonly text: string;
  readonly isOwn: boolean;
}

interface Range {
  readonly from: string;
  readonly below: string;
}

async function look(db: Queryable, edgeId: string, ranges: readonly Range[]): Promise<GroupRow[]> {
  const { sql, params } = groupsStatement(edgeId, ranges);
  return db.query<GroupRow>(sql, params);
}

/** Steps from group to group along the claim's indexes: one seek a group, however many tasks it holds. */
export function groupsStatement(
  edgeId: string,
  ranges: readonly Range[],
): { readonly sql: string; readonly params: SqlValue[] } {
  const { marks, params } = sqlRows(ranges.map(({ from, below }) => [from, below]));
  return {
    sql: `
      WITH RECURSIVE ranges (range_from, range_below) AS (
        SELECT DISTINCT column1, column2 FROM (VALUES ${marks}) given),
      ${steps('open_groups', 'assigned_edge_id IS NULL')},
      ${steps('own_groups', 'assigned_edge_id = ?')}
      SELECT claim_group, place, 0 AS is_own FROM open_groups WHERE claim_group IS NOT NULL
      UNION ALL
      SELECT claim_group, place, 1 AS is_own FROM own_groups WHERE claim_group IS NOT NULL`,
    params: [...params, GROUPS_PER_KIND, edgeId, edgeId, GROUPS_PER_KIND],
  };
}

function steps(name: string, assignment: string): string {
  const first = (from: string, below: string) => `
    (SELECT min(claim_group) FROM tasks WHERE status = 'queued' AND is_due = 1 AND ${assignment}
       AND claim_group ${from} AND claim_group < ${below})`;
  return `${name} (range_below, claim_group, place) AS (
    SELECT range_below, ${first('>= range_from', 'range_below')}, 1 FROM ranges
    UNION ALL
    SELECT range_below, ${first(`> ${name}.claim_group`, `${name}.range_below`)}, place + 1
    FROM ${name} WHERE claim_group IS NOT NULL AND place < ?)`;
}

async function openQueues(
  db: Queryable,
  names: readonly string[],
): Promise<Map<string, ClaimableQueue>> {
  if (names.length === 0) return new Map();
  const { marks, params } = sqlList(names);
  const rows = await db.query<{ name: string; weight: number }>(
    `SELECT name, weight FROM queues WHERE is_paused = 0 AND name IN (${marks})`,
    params,
  );
  return new Map(
    rows.map(({ name, weight }) => [
      name,
      { name, weight: Number(weight), openGroups: [], ownGroups: [] },
    ]),
  );
}
