import { createHash, type Hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { isLeaseKeyUsed, rememberLeaseKey } from '@foreman/access';
import { UnitOfWork, type Tx } from '@foreman/database';
import { LeaseFence, TaskAdvance, type LeaseClaim, type TaskEntity } from '@foreman/jobs';
import { Clock, DomainError, invalidField, sha256Hex, type FieldError } from '@foreman/kernel';
import { checkResultFolder } from './result-folder';
import { readPostedJson, type FoundPost, type FoundRow } from './posted-json';
import { checkRow, type CheckedRow } from '../result-row';
import { ResultRowStore } from '../rows/result-row.store';
import { ResultsSettings } from '../results.options';
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

/** Who says which post this is, so that a late copy of it changes nothing. */
interface KeyedSender extends RowSender {
  /** One for each post of the lease, and for its repeats. Null: a copy that comes late is taken as a new post. */
  readonly idempotencyKey?: string | null;
}

export interface PostedJson extends KeyedSender {
  /** `{"rows": [1..5000], "resultFolder"?}`, in UTF-8. Other fields are ignored. */
  readonly json: Buffer;
}

export interface StreamedRows extends KeyedSender {
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
/** Sent together, so that its units can share a commit. */
const BURST_ROWS = 4 * UNIT_ROWS;
/** Findings told of one post. */
const MAX_FINDINGS = 50;

/** Takes result rows in from edges while they work. Repeating any of it is safe. */
@Injectable()
export class ResultIngestion {
  /** Rows written since the start of this process, those that were there already among them. */
  private written = 0;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly progress: TaskAdvance,
    private readonly rows: ResultRowStore,
    private readonly settings: ResultsSettings,
  ) {}

  get writtenRows(): number {
    return this.written;
  }

  /**
   * Stores the rows of one post, in bulk units of at most 500. All are checked before the first is
   * written, so that a post that is refused for a row changes nothing.
   * @throws `request.invalid` with every bad row's path; `task.not_found`; `lease.lost`.
   */
  async postRows({ rows, resultFolder, ...sender }: PostedRows): Promise<IngestedRows> {
    checkCount(rows.length);
    return this.storePost(sender, { rows: rows.map(checkRow), resultFolder });
  }

  /**
   * The same from the text, whose numbers keep all their digits.
   * @throws also `request.invalid` for what is no JSON; `idempotency.conflict`.
   */
  async postJson({ json, ...sender }: PostedJson): Promise<IngestedRows> {
    const post = readPostedJson(json);
    checkCount(post.rows.length);
    return this.storePost(sender, post, hasKey(sender) ? sha256Hex(json) : undefined);
  }

  /**
   * Stores NDJSON rows as they arrive, asking for more only when those before are stored. What came
   * before a bad row stays, and so does what came whole of a body that breaks off; neither has used its key up.
   * @throws `request.invalid` with `line` and `stored` at the first bad row; `task.not_found`;
   * `lease.lost`; `idempotency.conflict` once the whole body is known; whatever `body` throws.
   */
  async postStream(streamed: StreamedRows): Promise<IngestedRows> {
    const { resultCount } = await this.unitOfWork.run((tx) =>
      this.fence.hold(tx, this.claim(streamed)),
    );
    const hash = hasKey(streamed) ? createHash('sha256') : null;
    const body = hash === null ? streamed.body : hashed(streamed.body, hash);
    const stream = new RowStream(this.clock, BURST_ROWS, this.settings.leaseExtensionMs, (rows) =>
      this.storeBurst(streamed, rows),
    );
    const taken = await stream.take(body, resultCount);
    if (hash === null) return taken;
    const stored = await this.store(streamed, [], { bodySha256: hash.digest('hex') });
    return { ...taken, stored };
  }

  private async storePost(
    sender: KeyedSender,
    post: FoundPost,
    bodySha256?: string,
  ): Promise<IngestedRows> {
    const rows = goodRows(post.rows);
    const resultFolder = folderOf(post.resultFolder);
    let stored = 0;
    for (let start = 0; start < rows.length; start += BURST_ROWS) {
      const burst = rows.slice(start, start + BURST_ROWS);
      const isLast = start + BURST_ROWS >= rows.length;
      stored = await this.storeBurst(sender, burst, {
        resultFolder: start === 0 ? resultFolder : undefined,
        bodySha256: isLast ? bodySha256 : undefined,
      });
    }
    return { received: rows.length, stored };
  }

  /**
   * Up to a burst of rows, in units; none only extends the lease. Settles with the last of its units. One that uses a
   * key up comes when all others are in.
   * @throws what the first unit that failed did.
   */
  private async storeBurst(
    sender: KeyedSender,
    rows: readonly CheckedRow[],
    { resultFolder, bodySha256 }: PostEnds = {},
  ): Promise<number> {
    const units: Promise<number>[] = [];
    for (let start = 0; start === 0 || start < rows.length; start += UNIT_ROWS) {
      const isLast = start + UNIT_ROWS >= rows.length;
      if (isLast && bodySha256 !== undefined) {
        await Promise.allSettled(units);
        await Promise.all(units);
      }
      const ends = {
        resultFolder: start === 0 ? resultFolder : undefined,
        bodySha256: isLast ? bodySha256 : undefined,
      };
      units.push(this.store(sender, rows.slice(start, start + UNIT_ROWS), ends));
    }
    await Promise.allSettled(units);
    return Math.max(...(await Promise.all(units)));
  }

  /** One unit; an empty one only extends the lease, and so does one of a post whose key was used up. */
  private store(
    sender: KeyedSender,
    rows: readonly CheckedRow[],
    { resultFolder, bodySha256 }: PostEnds = {},
  ): Promise<number> {
    return this.unitOfWork.run(async (tx) => {
      const claim = this.claim(sender);
      const task = await this.hold(tx, claim, rows.length > 0);
      const call = { task, call: 'results', key: sender.idempotencyKey };
      if (await isLeaseKeyUsed(tx, call, bodySha256)) return task.resultCount;
      if (bodySha256 !== undefined) await rememberLeaseKey(tx, call, bodySha256);
      if (resultFolder !== undefined) await this.rows.setFolder(tx, task.id, resultFolder);
      const stored = await this.rows.upsert(tx, task, rows);
      tx.afterCommit(() => {
        this.written += rows.length;
      });
      if (stored > task.resultCount) await this.progress.advance(tx, task, claim.now);
      return stored;
    }, 'rows');
  }

  private hold(tx: Tx, claim: LeaseClaim, hasRows: boolean): Promise<TaskEntity> {
    return hasRows ? this.fence.holdStarted(tx, claim) : this.fence.hold(tx, claim);
  }

  private claim({ taskId, edgeId, leaseToken }: RowSender): LeaseClaim {
    return { taskId, edgeId, leaseToken, now: this.clock.now() };
  }
}

/** What the first and the last unit of a post bring beside their rows. */
interface PostEnds {
  readonly resultFolder?: string;
  /** Hex. With it the post is whole, and its key used up. */
  readonly bodySha256?: string;
}

function hasKey({ idempotencyKey }: KeyedSender): boolean {
  return typeof idempotencyKey === 'string';
}

async function* hashed(body: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const piece of body) {
    hash.update(piece);
    yield piece;
  }
}

function checkCount(rows: number): void {
  if (rows < 1 || rows > MAX_POSTED_ROWS) {
    throw invalidField('rows', `must hold 1..${MAX_POSTED_ROWS} rows`);
  }
}

/** @throws `request.invalid` unless all are good. */
function goodRows(found: readonly FoundRow[]): CheckedRow[] {
  const good: CheckedRow[] = [];
  const errors: FieldError[] = [];
  for (const [index, row] of found.entries()) {
    if ('bytes' in row) good.push(row);
    else errors.push(...row.map((error) => atRow(index, error)));
    if (errors.length >= MAX_FINDINGS) break;
  }
  const [first] = errors;
  if (first === undefined) return good;
  throw new DomainError('request.invalid', `${first.path} ${first.message}`, {
    errors: errors.slice(0, MAX_FINDINGS),
  });
}

/** Null is none, as on all of the edge face. */
function folderOf(resultFolder: unknown): string | undefined {
  if (resultFolder === undefined || resultFolder === null) return undefined;
  if (typeof resultFolder !== 'string') throw invalidField('resultFolder', 'must be a string');
  checkResultFolder(resultFolder);
  return resultFolder;
}

function atRow(index: number, { path, message }: FieldError): FieldError {
  return { path: path === '' ? `rows.${index}` : `rows.${index}.${path}`, message };
}
