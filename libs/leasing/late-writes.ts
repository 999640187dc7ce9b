import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, DomainError, IdSource, sha256Hex } from '@foreman/kernel';

export type LateCall = 'results' | 'complete' | 'fail';

export interface LateWrite {
  readonly call: LateCall;
  readonly taskId: string;
  readonly edgeId: string;
  readonly leaseToken: string;
  readonly body: unknown;
}

/** A body larger than this is not kept. */
const MAX_BODY_BYTES = 1_048_576;
/** Late writes of one job, of which the last place is left for a completion. */
const MAX_PER_JOB = 20;

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
    if (!(error instanceof DomainError) || error.code !== 'lease.lost') return error;
    const body = JSON.stringify(write.body);
    const kept =
      Buffer.byteLength(body) <= MAX_BODY_BYTES &&
      (await this.unitOfWork.run((tx) => this.keep(tx, write, body)));
    return new DomainError('lease.lost', error.message, { ...error.details, kept });
  }

  private async keep(tx: Tx, write: LateWrite, body: string): Promise<boolean> {
    const [attempt] = await tx.query<{ job_id: string; number: number }>(
      `SELECT tasks.job_id, attempts.number FROM attempts JOIN tasks ON tasks.id = attempts.task_id
       WHERE attempts.task_id = ? AND attempts.edge_id = ? AND attempts.lease_token = ?`,
      [write.taskId, write.edgeId, write.leaseToken],
    );
    if (attempt === undefined) return false;
    const bodySha256 = sha256Hex(body);
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
