import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, DomainError, IdSource, canonicalJson, delay, sha256Hex } from '@foreman/kernel';
import { compactJson } from '@foreman/results';
import { type CopiedStream, rowsOfNdjson } from './late-stream';

export type LateCall = 'results' | 'complete' | 'fail';

/** Whose call came too late. */
interface LateSender {
  readonly taskId: string;
  readonly edgeId: string;
  readonly leaseToken: string;
}

export type LateWrite = LateSender & { readonly call: LateCall } & (
    | { readonly body: unknown }
    /** As it came, good JSON: of its numbers no digit is lost, and of its objects no member. */
    | { readonly json: string }
  );

/** A body larger than this is not kept. */
export const LATE_WRITE_LIMIT_BYTES = 1_048_576;
/** Late writes of one job, of which the last place is left for a completion. */
const MAX_PER_JOB = 20;
/**
 * How long the rest of a stream is waited for: an edge that computes while it streams must learn that
 * its lease is over, rather than have all of its rows kept.
 */
const REST_WITHIN_MS = 10_000;

/**
 * Rows, completions and failures that came under a lease which is over for good are refused, but
 * kept aside for an operator: the work was done, and somebody may want it.
 */
@Injectable()
export class LateWrites {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {}

  /** Passes a `lease.lost` on with `kept` told in its details, the body set aside if there was room; any other error as it is. */
  async keepIfLost(error: unknown, write: LateWrite): Promise<unknown> {
    if (!isLeaseLost(error)) return error;
    const body = 'json' in write ? compactJson(write.json) : JSON.stringify(write.body);
    const isSmall = Buffer.byteLength(body) <= LATE_WRITE_LIMIT_BYTES;
    if (!isSmall) return told(error, false);
    const bodySha256 = sha256Hex(sameForRepeats(body));
    const keep = (tx: Tx) => this.keep(tx, write, body, bodySha256);
    return told(error, await this.unitOfWork.run(keep, 'bulk'));
  }

  /**
   * The same for streamed rows, which are kept as if they had come as JSON: all of the stream, with what
   * was stored before its lease was lost. Nothing is kept of one that is too large, too slow, or bad.
   */
  async keepRowsIfLost(error: unknown, sender: LateSender, stream: CopiedStream): Promise<unknown> {
    if (!isLeaseLost(error)) return error;
    const body = await this.rest(stream);
    const rows = body === null ? null : rowsOfNdjson(body);
    if (rows === null || rows.length === 0) return told(error, false);
    return this.keepIfLost(error, {
      ...sender,
      call: 'results',
      json: `{"rows":[${rows.join(',')}]}`,
    });
  }

  private async rest(stream: CopiedStream): Promise<Buffer | null> {
    const waiting = new AbortController();
    const tooLate = delay(this.clock, REST_WITHIN_MS, waiting.signal).then(() => null);
    const body = await Promise.race([stream.whole(), tooLate]);
    waiting.abort();
    return body;
  }

  private async keep(tx: Tx, write: LateWrite, body: string, bodySha256: string): Promise<boolean> {
    const [attempt] = await tx.query<{ job_id: string; number: number }>(
      `SELECT tasks.job_id, attempts.number FROM attempts JOIN tasks ON tasks.id = attempts.task_id
       WHERE attempts.task_id = ? AND attempts.edge_id = ? AND attempts.lease_token = ?`,
      [write.taskId, write.edgeId, write.leaseToken],
    );
    if (attempt === undefined) return false;
    const known = await tx.query(
      'SELECT 1 FROM late_writes WHERE task_id = ? AND call = ? AND body_sha256 = ?',
      [write.taskId, write.call, bodySha256],
    );
    if (known.length > 0) return true;
    if (!(await this.hasRoom(tx, attempt.job_id, write.call))) return false;
    await tx.insert('late_writes', {
      id: this.ids.uuid(),
      job_id: attempt.job_id,
      task_id: write.taskId,
      edge_id: write.edgeId,
      attempt: attempt.number,
      call: write.call,
      body_sha256: bodySha256,
      body,
      created_at: this.clock.now(),
    });
    return true;
  }

  private async hasRoom(tx: Tx, jobId: string, call: LateCall): Promise<boolean> {
    const [held] = await tx.query<{ all: number; completions: number }>(
      `SELECT count(*) AS "all", count(CASE WHEN call = 'complete' THEN 1 END) AS completions
       FROM late_writes WHERE job_id = ?`,
      [jobId],
    );
    const count = Number(held?.all ?? 0);
    const isLastPlaceTaken = Number(held?.completions ?? 0) > 0;
    return call === 'complete' || isLastPlaceTaken ? count < MAX_PER_JOB : count < MAX_PER_JOB - 1;
  }
}

/** Whatever the order of members; but what parsing does not keep is another write. */
function sameForRepeats(body: string): string {
  const value: unknown = JSON.parse(body);
  return JSON.stringify(value) === body ? canonicalJson(value) : body;
}

function isLeaseLost(error: unknown): error is DomainError {
  return error instanceof DomainError && error.code === 'lease.lost';
}

function told(lost: DomainError, kept: boolean): DomainError {
  return new DomainError('lease.lost', lost.message, { ...lost.details, kept });
}
