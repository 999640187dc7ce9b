import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, DomainError } from '@foreman/kernel';
import { LeaseFence, type LeaseClaim } from '@foreman/jobs';
import { usableReport, type ProgressReport, type UncheckedReport } from './progress-report';
import { TaskProgress } from './task-progress';

/** What an edge is told about one task that it reported on. */
export interface HeartbeatAnswer {
  readonly taskId: string;
  /** `lost`: the lease is over. `cancel`: the job was cancelled. Either way, stop working on it. */
  readonly action: 'continue' | 'cancel' | 'lost';
  /** Epoch ms; null when the lease is over. */
  readonly leaseExpiresAt: number | null;
  /** The lease's length; null when it is over. */
  readonly leaseSeconds: number | null;
  /** Fields of its report that were not as they must be, and were left out; absent when there were none. */
  readonly ignored?: readonly string[];
}

/** What an edge says of one task. Of its report what is bad is left out; without its ids it holds no lease. */
export interface TaskHeartbeat extends UncheckedReport {
  readonly taskId: unknown;
  readonly leaseToken: unknown;
}

/** Tasks in one edge-wide heartbeat at the most. */
export const HEARTBEAT_TASKS_LIMIT = 1000;

/** Extends leases and keeps the latest progress. */
@Injectable()
export class Heartbeats {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly progress: TaskProgress,
  ) {}

  /** One task. @throws `lease.lost`, `task.not_found`. A cancelled task's last lease is told `cancel`. */
  async beat(edgeId: string, heartbeat: TaskHeartbeat): Promise<HeartbeatAnswer> {
    return this.unitOfWork.run((tx) => this.beatIn(tx, edgeId, heartbeat, this.clock.now()));
  }

  /**
   * All that the edge holds, in one transaction. A lost lease is an answer, not an error: it must not cost the edge
   * its other leases. @throws `request.invalid` for more than 1000 tasks.
   */
  async beatAll(edgeId: string, heartbeats: readonly TaskHeartbeat[]): Promise<HeartbeatAnswer[]> {
    if (heartbeats.length > HEARTBEAT_TASKS_LIMIT) {
      throw new DomainError('request.invalid', `tasks must hold at most ${HEARTBEAT_TASKS_LIMIT}.`);
    }
    if (heartbeats.length === 0) return [];
    return this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      const answers: HeartbeatAnswer[] = [];
      for (const heartbeat of heartbeats) {
        answers.push(await this.beatOrLost(tx, edgeId, heartbeat, now));
      }
      return answers;
    });
  }

  private async beatOrLost(
    tx: Tx,
    edgeId: string,
    heartbeat: TaskHeartbeat,
    now: number,
  ): Promise<HeartbeatAnswer> {
    try {
      return await this.beatIn(tx, edgeId, heartbeat, now);
    } catch (error) {
      const isOver = error instanceof DomainError && LOST_CODES.has(error.code);
      if (!isOver) throw error;
      const { taskId, ignored } = readHeartbeat(heartbeat);
      return { taskId, action: 'lost', ...OVER, ...ignored };
    }
  }

  private async beatIn(
    tx: Tx,
    edgeId: string,
    heartbeat: TaskHeartbeat,
    now: number,
  ): Promise<HeartbeatAnswer> {
    const { taskId, leaseToken, report, ignored } = readHeartbeat(heartbeat);
    const claim = { taskId, edgeId, leaseToken, now };
    try {
      const task =
        report.started === false
          ? await this.fence.hold(tx, claim)
          : await this.fence.holdStarted(tx, claim);
      await this.progress.keep(tx, task, report, now);
      const { leaseExpiresAt, leaseSeconds } = task;
      return { taskId, action: 'continue', leaseExpiresAt, leaseSeconds, ...ignored };
    } catch (error) {
      if (!(await wasCancelledUnder(tx, claim, error))) throw error;
      return { taskId, action: 'cancel', ...OVER, ...ignored };
    }
  }
}

/** As much of it as can be understood, and the names of the rest. */
function readHeartbeat(heartbeat: TaskHeartbeat): {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly report: ProgressReport;
  readonly ignored: Pick<HeartbeatAnswer, 'ignored'>;
} {
  const { taskId, leaseToken } = heartbeat;
  const { usable, ignored } = usableReport(heartbeat);
  const badIds = (['taskId', 'leaseToken'] as const).filter(
    (field) => typeof heartbeat[field] !== 'string',
  );
  const names = [...badIds, ...ignored];
  return {
    taskId: typeof taskId === 'string' ? taskId : '',
    leaseToken: typeof leaseToken === 'string' ? leaseToken : '',
    report: usable,
    ignored: names.length === 0 ? {} : { ignored: names },
  };
}

const OVER = { leaseExpiresAt: null, leaseSeconds: null } as const;

const LOST_CODES = new Set<string>(['lease.lost', 'task.not_found']);

/** Whether the lease ended because its task was cancelled while this very lease held it. */
async function wasCancelledUnder(tx: Tx, claim: LeaseClaim, error: unknown): Promise<boolean> {
  if (!(error instanceof DomainError) || error.code !== 'lease.lost') return false;
  const cancelled = await tx.query(
    `SELECT 1 FROM attempts JOIN tasks ON tasks.id = attempts.task_id AND tasks.attempt = attempts.number
     WHERE attempts.task_id = ? AND attempts.lease_token = ? AND attempts.edge_id = ?
       AND attempts.outcome = 'cancelled' AND tasks.status = 'cancelled'`,
    [claim.taskId, claim.leaseToken, claim.edgeId],
  );
  return cancelled.length > 0;
}
