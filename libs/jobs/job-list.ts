import type { Queryable, SqlValue } from '@foreman/database';
import { decodeCursor, encodeCursor, pageOf, type Page, type PageRequest } from '@foreman/kernel';
import { JobEntity } from './job.entity';
import type { JobStatus } from './job-state';

export interface JobFilter {
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly queue?: string;
  /** Jobs of which this edge has held a task; an edge's id. */
  readonly edgeId?: string;
  /** Epoch ms, exclusive. */
  readonly createdAfter?: number;
  /** Epoch ms, exclusive. */
  readonly createdBefore?: number;
}

/**
 * Entries of one filter that a page looks at. Where filters have next to nothing in common this is what a page costs:
 * some milliseconds. More would hold up others, fewer would take more pages to the end.
 */
const LOOKED_AT = 2000;

/**
 * Newest first. Each filter by itself is an index in the order of the list. Of several, that one is walked whose next
 * entries reach furthest back, and the others are held against what it meets. A page looks at `LOOKED_AT`
 * entries at the most: it may be shorter than its limit, and empty, before the list has come to its end.
 */
export async function listJobs(
  db: Queryable,
  filter: JobFilter,
  page: PageRequest,
): Promise<Page<JobEntity>> {
  const range = rangeOf(filter, page.cursor);
  const { index, end } = await furthest(db, indexesOf(filter), range);
  const { sql, params } = jobsStatement(index, filter, { ...range, from: end ?? range.from });
  const jobs = await db.entities(JobEntity, sql, [...params, page.limit + 1]);
  if (end !== null && jobs.length <= page.limit) {
    return { items: jobs, nextCursor: encodeCursor(end) };
  }
  return pageOf(jobs, page.limit, placeOf);
}

/** The cursor of the list's page that begins after this job: for a page that is to be shorter. */
export function jobCursor(job: JobEntity): string {
  return encodeCursor(placeOf(job));
}

type Place = readonly [createdAt: number, id: string];

function placeOf(job: JobEntity): Place {
  return [job.createdAt, job.id];
}

/** From a place on, and before another that is newer. */
interface Range {
  readonly from: Place;
  readonly before: Place;
}

/** One bound at each end: of two, the database would seek by the one and walk to the other. */
function rangeOf({ createdAfter, createdBefore }: JobFilter, cursor: string | null): Range {
  const from: Place = [createdAfter === undefined ? 0 : createdAfter + 1, ''];
  const newest: Place = [createdBefore ?? Number.MAX_SAFE_INTEGER, ''];
  if (cursor === null) return { from, before: newest };
  const [createdAt, id] = decodeCursor(cursor, 2);
  const last: Place = [Number(createdAt), String(id)];
  return { from, before: last[0] < newest[0] ? last : newest };
}

/** An index of the jobs that one filter lets through, in the order of the list. */
interface ListIndex {
  readonly table: 'jobs' | 'edge_jobs';
  readonly id: string;
  readonly where: string;
  readonly params: readonly SqlValue[];
}

const COLUMNS = ['status', 'kind', 'queue'] as const;

function indexesOf(filter: JobFilter): ListIndex[] {
  const indexes: ListIndex[] = [];
  if (filter.edgeId !== undefined) {
    const where = 'edge_jobs.edge_id = ?';
    indexes.push({ table: 'edge_jobs', id: 'job_id', where, params: [filter.edgeId] });
  }
  for (const column of COLUMNS) {
    const value = filter[column];
    if (value === undefined) continue;
    const where = `jobs.hidden_at IS NULL AND jobs.${column} = ?`;
    indexes.push({ table: 'jobs', id: 'id', where, params: [value] });
  }
  const all = { table: 'jobs', id: 'id', where: 'jobs.hidden_at IS NULL', params: [] } as const;
  return indexes.length > 0 ? indexes : [all];
}

interface Walk {
  readonly index: ListIndex;
  /** The last entry that is looked at; null: those of the range are fewer. */
  readonly end: Place | null;
}

async function furthest(db: Queryable, indexes: readonly ListIndex[], range: Range): Promise<Walk> {
  let best: Walk | null = null;
  for (const index of indexes) {
    const end = await endOf(db, index, range);
    if (best === null || isOlder(end, best.end)) best = { index, end };
  }
  if (best === null) throw new Error('Every list has an index');
  return best;
}

function isOlder(end: Place | null, than: Place | null): boolean {
  if (end === null || than === null) return than !== null;
  return end[0] < than[0] || (end[0] === than[0] && end[1] < than[1]);
}

async function endOf(db: Queryable, index: ListIndex, range: Range): Promise<Place | null> {
  const { table, id } = index;
  const { sql, params } = walkOf(index, range);
  const [last] = await db.query<{ created_at: number; id: string }>(
    `SELECT ${table}.created_at, ${table}.${id} AS id FROM ${table} WHERE ${sql} LIMIT 1 OFFSET ?`,
    [...params, LOOKED_AT - 1],
  );
  return last === undefined ? null : [Number(last.created_at), last.id];
}

interface Fragment {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

function walkOf({ table, id, where, params }: ListIndex, { from, before }: Range): Fragment {
  const place = `(${table}.created_at, ${table}.${id})`;
  return {
    sql: `${where} AND ${place} >= (?, ?) AND ${place} < (?, ?)
      ORDER BY ${table}.created_at DESC, ${table}.${id} DESC`,
    params: [...params, ...from, ...before],
  };
}

const OF_EDGE = `EXISTS (SELECT 1 FROM edge_jobs held
  WHERE held.edge_id = ? AND held.created_at = jobs.created_at AND held.job_id = jobs.id)`;

/** All filters besides the walked index are conditions that no other index serves, so that it is the one to be walked. */
function jobsStatement(index: ListIndex, filter: JobFilter, range: Range): Fragment {
  const isOfEdge = index.table === 'edge_jobs';
  const given = COLUMNS.filter((column) => filter[column] !== undefined);
  const others = given.map((column) => `coalesce(jobs.${column}, '') = ? AND `);
  const values: SqlValue[] = given.map((column) => filter[column] ?? null);
  if (filter.edgeId !== undefined && !isOfEdge) {
    others.push(`${OF_EDGE} AND `);
    values.push(filter.edgeId);
  }
  const walk = walkOf(index, range);
  const joined = 'edge_jobs JOIN jobs ON jobs.id = edge_jobs.job_id AND jobs.hidden_at IS NULL';
  return {
    sql: `SELECT jobs.* FROM ${isOfEdge ? joined : 'jobs'} WHERE ${others.join('')}${walk.sql} LIMIT ?`,
    params: [...values, ...walk.params],
  };
}
