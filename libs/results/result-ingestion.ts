import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { LeaseFence, TaskAdvance, type LeaseClaim, type TaskEntity } from '@foreman/jobs';
import { Clock, DomainError, invalidField, type FieldError } from '@foreman/kernel';
import { checkResultFolder } from './result-folder';
import { checkRow, type CheckedRow } from './result-row';
import { ResultRowStore } from './rows/result-row.store';
import { ResultsSettings } from './results.options';
import { RowStream } from './row-stream';

/** Under which lease rows come. */
export interface RowSender {
  readonly taskId: string;
  readonly edgeId: string;
  readonly leaseToken: string;
}

export interface PostedRows extends RowSender {
  /** 1..5000; not yet checked. */
  readonly rows: readonly unknown[];
  readonly resultFolder?: string;
}

export interface StreamedRows extends RowSender {
  /** NDJSON, one row a line; read only once the lease was found alive. */
  readonly body: AsyncIterable<Buffer>;
}

export interface IngestedRows {
  /** Rows of this call. */
  readonly received: number;
  /** Rows of the task that count now. */
  readonly stored: number;
}

const MAX_POSTED_ROWS = 5000;
/** One bulk unit's share of rows (architecture: up to 500). */
const UNIT_ROWS = 500;
/** Findings told of one post. */
const MAX_FINDINGS = 50;

/** Takes result rows in from edges while they work. Repeating any of it is safe. */
@Injectable()
export class ResultIngestion {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly progress: TaskAdvance,
    private readonly rows: ResultRowStore,
    private readonly settings: ResultsSettings,
  ) {}

  /**
   * Stores the rows of one post, in bulk units of at most 500. All are checked before the first is
   * written, so that a post that is refused for a row changes nothing.
   * @throws `request.invalid` with every bad row's path; `task.not_found`; `lease.lost`.
   */
  async postRows(posted: PostedRows): Promise<IngestedRows> {
    const { resultFolder } = posted;
    const rows = checkedRows(posted.rows);
    if (resultFolder !== undefined) checkResultFolder(resultFolder);
    let stored = 0;
    for (let start = 0; start < rows.length; start += UNIT_ROWS) {
      const unit = rows.slice(start, start + UNIT_ROWS);
      const folder = start === 0 ? resultFolder : undefined;
      stored = await this.store(posted, unit, folder);
    }
    return { received: rows.length, stored };
  }

  /**
   * Stores NDJSON rows as they arrive, asking for more only when the last unit is stored. What came
   * before a bad row stays.
   * @throws `request.invalid` with `line` and `stored` at the first bad row; `task.not_found`;
   * `lease.lost`; whatever `body` throws.
   */
  async postStream(streamed: StreamedRows): Promise<IngestedRows> {
    const { resultCount } = await this.unitOfWork.run((tx) =>
      this.fence.hold(tx, this.claim(streamed)),
    );
    const stream = new RowStream(this.clock, UNIT_ROWS, this.settings.leaseExtensionMs, (unit) =>
      this.store(streamed, unit),
    );
    return stream.take(streamed.body, resultCount);
  }

  /** One bulk unit; an empty one only extends the lease. */
  private store(
    sender: RowSender,
    rows: readonly CheckedRow[],
    resultFolder?: string,
  ): Promise<number> {
    return this.unitOfWork.run(async (tx) => {
      const claim = this.claim(sender);
      const task = await this.hold(tx, claim, rows.length > 0);
      if (resultFolder !== undefined) await this.rows.setFolder(tx, task.id, resultFolder);
      const stored = await this.rows.upsert(tx, task, rows);
      if (stored > task.resultCount) await this.progress.advance(tx, task, claim.now);
      return stored;
    }, 'bulk');
  }

  private hold(tx: Tx, claim: LeaseClaim, hasRows: boolean): Promise<TaskEntity> {
    return hasRows ? this.fence.holdStarted(tx, claim) : this.fence.hold(tx, claim);
  }

  private claim({ taskId, edgeId, leaseToken }: RowSender): LeaseClaim {
    return { taskId, edgeId, leaseToken, now: this.clock.now() };
  }
}

function checkedRows(rows: readonly unknown[]): CheckedRow[] {
  if (rows.length < 1 || rows.length > MAX_POSTED_ROWS) {
    throw invalidField('rows', `must hold 1..${MAX_POSTED_ROWS} rows`);
  }
  const good: CheckedRow[] = [];
  const errors: FieldError[] = [];
  for (const [index, row] of rows.entries()) {
    const checked = checkRow(row);
    if ('bytes' in checked) good.push(checked);
    else errors.push(...checked.map((error) => atRow(index, error)));
    if (errors.length >= MAX_FINDINGS) break;
  }
  const [first] = errors;
  if (first === undefined) return good;
  throw new DomainError('request.invalid', `${first.path} ${first.message}`, {
    errors: errors.slice(0, MAX_FINDINGS),
  });
}

function atRow(index: number, { path, message }: FieldError): FieldError {
  return { path: path === '' ? `rows.${index}` : `rows.${index}.${path}`, message };
}
