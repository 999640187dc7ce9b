import { Injectable } from '@nestjs/common';
import type { Queryable, SqlValue, Tx } from '@foreman/database';
import { DomainError, decodeCursor, pageOf, type Page, type PageRequest } from '@foreman/kernel';
import type { LateCall } from './late-writes';

/** What was kept aside, without its body. */
export interface LateWriteView {
  readonly id: string;
  readonly jobId: string;
  readonly taskId: string;
  readonly edgeId: string;
  readonly attempt: number;
  readonly call: LateCall;
  /** Of its body as JSON. */
  readonly sizeBytes: number;
  /** Epoch ms. */
  readonly createdAt: number;
}

export interface LateWriteFilter {
  readonly jobId?: string;
  readonly edgeId?: string;
}

/** Late writes, for the operator who decides what becomes of them. */
@Injectable()
export class LateWriteViews {
  /** Newest first. @throws `request.invalid` for a foreign cursor. */
  async list(
    db: Queryable,
    filter: LateWriteFilter,
    page: PageRequest,
  ): Promise<Page<LateWriteView>> {
    const { sql, params } = listStatement(filter, page);
    const rows = await db.query<LateWriteRow>(sql, params);
    return pageOf(rows.map(view), page.limit, ({ createdAt, id }) => [createdAt, id]);
  }

  /** One, with the JSON that the edge sent. @throws `late_write.not_found` */
  async get(db: Queryable, id: string): Promise<LateWriteView & { readonly bodyJson: string }> {
    const [row] = await db.query<LateWriteRow & { readonly body: string }>(
      `SELECT ${COLUMNS}, body FROM late_writes WHERE id = ?`,
      [id],
    );
    if (row === undefined) throw notFound(id);
    return { ...view(row), bodyJson: row.body };
  }

  /** For one that has been dealt with; its place is free again. @throws `late_write.not_found` */
  async remove(tx: Tx, id: string): Promise<void> {
    const removed = await tx.execute('DELETE FROM late_writes WHERE id = ?', [id]);
    if (removed === 0) throw notFound(id);
  }
}

/** Also for tests that hold its plans against the indexes. */
export function listStatement(
  { jobId, edgeId }: LateWriteFilter,
  page: PageRequest,
): { readonly sql: string; readonly params: readonly SqlValue[] } {
  const parts: readonly (readonly [condition: string, values: readonly SqlValue[]])[] = [
    ...(jobId === undefined ? [] : [['job_id = ?', [jobId]] as const]),
    // Of a job there are few: the edge's, of which there may be many, are not walked for them.
    ...(edgeId === undefined
      ? []
      : [[`${jobId === undefined ? 'edge_id' : `coalesce(edge_id, '')`} = ?`, [edgeId]] as const]),
    ...(page.cursor === null
      ? []
      : [['(created_at, id) < (?, ?)', decodeCursor(page.cursor, 2)] as const]),
  ];
  const where = parts.map(([condition]) => condition).join(' AND ');
  return {
    sql: `SELECT ${COLUMNS} FROM late_writes ${where === '' ? '' : `WHERE ${where}`}
      ORDER BY created_at DESC, id DESC LIMIT ?`,
    params: [...parts.flatMap(([, values]) => values), page.limit + 1],
  };
}

const COLUMNS =
  'id, job_id, task_id, edge_id, attempt, call, octet_length(body) AS size_bytes, created_at';

interface LateWriteRow {
  readonly id: string;
  readonly job_id: string;
  readonly task_id: string;
  readonly edge_id: string;
  readonly attempt: number;
  readonly call: LateCall;
  readonly size_bytes: number;
  readonly created_at: number;
}

function view(row: LateWriteRow): LateWriteView {
  return {
    id: row.id,
    jobId: row.job_id,
    taskId: row.task_id,
    edgeId: row.edge_id,
    attempt: Number(row.attempt),
    call: row.call,
    sizeBytes: Number(row.size_bytes),
    createdAt: Number(row.created_at),
  };
}

function notFound(id: string): DomainError {
  return new DomainError('late_write.not_found', `There is no late write ${id}.`);
}
