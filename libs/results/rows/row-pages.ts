import { Injectable } from '@nestjs/common';
import { ReadConnection, type Queryable } from '@foreman/database';
import { HeavyReads } from '../queries/heavy-reads';

/** A row that counts, as it is stored: `config` and `metrics` are JSON texts. */
export interface RawResultRow {
  readonly id: number;
  readonly task_index: number;
  readonly config_id: string;
  readonly config: string;
  readonly metrics: string;
}

/** A place in the order of a job's rows: by task, then by arrival. */
export interface RowPlace {
  readonly taskIndex: number;
  readonly rowId: number;
}

/** Before every row. */
export const FIRST_PLACE: RowPlace = { taskIndex: -1, rowId: 0 };

/** Rows of one statement: short enough that nobody waits for it, also at 64 KiB a row. */
const PAGE_ROWS = 250;

/** The rows of a job that count, by task index and then in the order of arrival. */
@Injectable()
export class RowPages {
  constructor(
    private readonly reads: ReadConnection,
    private readonly heavyReads: HeavyReads,
  ) {}

  /**
   * The newest row's id, of any job; 0 when there is none. Ids only grow, so what goes no further than
   * this holds what is there now, and does not chase new rows.
   */
  async lastRowId(): Promise<number> {
    const [row] = await this.reads.query<{ last: number | null }>(LAST_ROW);
    return row?.last ?? 0;
  }

  /** At most `limit` rows after that place, when it is their turn to be read. */
  after(
    db: Queryable,
    jobId: string,
    place: RowPlace,
    upToRowId: number,
    limit: number,
  ): Promise<RawResultRow[]> {
    return this.heavyReads.page(() => rowsAfter(db, jobId, place, upToRowId, limit));
  }

  /** All rows up to that id. Each page is a short statement of its own, and lets others have their turn. */
  async *all(jobId: string, upToRowId: number): AsyncGenerator<RawResultRow[]> {
    let place = FIRST_PLACE;
    for (;;) {
      const page = await this.after(this.reads, jobId, place, upToRowId, PAGE_ROWS);
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) return;
      place = { taskIndex: last.task_index, rowId: last.id };
    }
  }
}

async function rowsAfter(
  db: Queryable,
  jobId: string,
  { taskIndex, rowId }: RowPlace,
  upToRowId: number,
  limit: number,
): Promise<RawResultRow[]> {
  const rest = await db.query<RawResultRow>(REST_OF_TASK, [
    jobId,
    taskIndex,
    rowId,
    upToRowId,
    limit,
  ]);
  if (rest.length >= limit) return rest;
  const more = await db.query<RawResultRow>(LATER_TASKS, [
    jobId,
    taskIndex,
    upToRowId,
    limit - rest.length,
  ]);
  return [...rest, ...more];
}

const COUNTED = `
  SELECT r.id, t.task_index, r.config_id, r.config, r.metrics
  FROM tasks t JOIN result_rows r ON r.set_id = t.row_set_id`;

export const REST_OF_TASK = `${COUNTED}
  WHERE t.job_id = ? AND t.task_index = ? AND r.id > ? AND r.id <= ? ORDER BY r.id LIMIT ?`;

export const LATER_TASKS = `${COUNTED}
  WHERE t.job_id = ? AND t.task_index > ? AND r.id <= ? ORDER BY t.task_index, r.id LIMIT ?`;

export const LAST_ROW = 'SELECT max(id) AS last FROM result_rows';
