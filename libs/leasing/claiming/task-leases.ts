import { Injectable } from '@nestjs/common';
import { ReadConnection, type Tx } from '@foreman/database';
import { ArtifactPublication, TaskInputs } from '@foreman/artifacts';
import { Clock } from '@foreman/kernel';
import { Payloads, TaskAvailability, TaskEntity } from '@foreman/jobs';
import { RowSets } from '@foreman/results';
import { Edges, type EdgePrincipal } from '@foreman/edges';
import { DUE_BATCH, DueTasks } from './due-tasks';
import type { LeaseRequest, LeasedTask, ResumePoint } from '../lease-request';
import { TaskClaim } from './task-claim';

/**
 * What one request leases carries at most this many bytes of payloads, beside its last task's: a hundred
 * tasks that share megabytes of prices would else be answered with as many copies of them.
 */
const ANSWER_PAYLOAD_BYTES = 16_777_216;

/** And this many of inlined inputs; the rest is fetched by URL. */
const ANSWER_INLINE_BYTES = 1_048_576;

export interface LeaseOptions {
  readonly kinds?: readonly string[];
  readonly max: number;
  readonly isResuming: boolean;
  readonly resumeKinds?: readonly string[];
  /** Ties the leases to the request that made them, for its repeats. */
  readonly leaseRequestId: string | null;
}

/** What one unit of work leased. */
export interface Leases {
  /** The edge as it is in this unit: what was leased rests on it; null: it was not asked. */
  readonly edge: EdgePrincipal | null;
  readonly tasks: readonly TaskEntity[];
  /** Nothing was leased, but not everything was looked at: ask again in another unit. */
  readonly isUnfinished: boolean;
}

type ResumeWish = Pick<LeaseRequest, 'isResuming' | 'resumeKinds'>;

/** Gives tasks to an edge, each with a clean slate or what is to be resumed. */
@Injectable()
export class TaskLeases {
  constructor(
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly edges: Edges,
    private readonly due: DueTasks,
    private readonly claim: TaskClaim,
    private readonly availability: TaskAvailability,
    private readonly payloads: Payloads,
    private readonly inputs: TaskInputs,
    private readonly rowSets: RowSets,
    private readonly artifacts: ArtifactPublication,
  ) {}

  /**
   * At most `options.max`; fewer, but one at least, when their payloads are large. None for an edge that is
   * to drain or stop. @throws `auth.invalid` for an edge that is revoked.
   */
  async lease(tx: Tx, edgeId: string, options: LeaseOptions, now: number): Promise<Leases> {
    const edge = await this.edges.present(tx, edgeId);
    const demander = { edgeId, kinds: wantedKinds(edge, options.kinds), labels: edge.labels };
    const max = edge.desired === 'run' ? Math.min(options.max, await freeLeases(tx, edge)) : 0;
    if (max === 0 || demander.kinds.length === 0) return { edge, tasks: [], isUnfinished: false };
    const due = await this.due.bringIn(tx, now);
    const tasks: TaskEntity[] = [];
    let isUnfinished = false;
    let payloadBytes = 0;
    while (tasks.length < max && payloadBytes < ANSWER_PAYLOAD_BYTES) {
      const claim = await this.claim.take(tx, demander, options.leaseRequestId, now);
      if (claim.task === null) {
        isUnfinished = claim.isUnfinished || due.length === DUE_BATCH;
        break;
      }
      const { task } = claim;
      tasks.push(task.attempt === 1 ? task : await this.prepare(tx, task, options, now));
      if (max > 1) payloadBytes += await this.payloads.bytesOf(tx, task);
    }
    this.announceRest(tx, due, tasks);
    return { edge, tasks, isUnfinished: isUnfinished && tasks.length === 0 };
  }

  /**
   * Tasks that their edge holds, as it gets them. After the commit and on the read connection: a payload
   * never changes, and megabytes of it must not be parsed while others wait to write.
   */
  async present(tasks: readonly TaskEntity[], wish: ResumeWish): Promise<LeasedTask[]> {
    const presented: LeasedTask[] = [];
    let inlineBytes = ANSWER_INLINE_BYTES;
    for (const task of tasks) {
      const leased = await this.presentOne(task, wish, inlineBytes);
      inlineBytes = Math.max(0, inlineBytes - inlinedBytes(leased));
      presented.push(leased);
    }
    return presented;
  }

  private async presentOne(
    task: TaskEntity,
    wish: ResumeWish,
    inlineBytes: number,
  ): Promise<LeasedTask> {
    if (task.leaseToken === null || task.leaseExpiresAt === null) {
      throw new Error('Only a leased task can be presented to its edge');
    }
    return {
      task,
      payload: await this.payloads.ofTask(this.reads, task),
      inputs: await this.inputs.describe(this.reads, task, inlineBytes),
      leaseToken: task.leaseToken,
      leaseExpiresAt: task.leaseExpiresAt,
      resume: isAdopting(wish, task) ? resumePoint(task) : null,
      serverTime: this.clock.now(),
    };
  }

  /** What was brought in and not taken is for other polls. */
  private announceRest(tx: Tx, due: readonly TaskEntity[], leased: readonly TaskEntity[]): void {
    const taken = new Set(leased.map((task) => task.id));
    const rest = due.filter((task) => !taken.has(task.id));
    if (rest.length > 0) tx.afterCommit(() => this.availability.announce(rest));
  }

  /** A new lease discards what earlier attempts staged, and their rows unless it adopts them. */
  private async prepare(
    tx: Tx,
    task: TaskEntity,
    options: LeaseOptions,
    now: number,
  ): Promise<TaskEntity> {
    await this.artifacts.discardStaged(tx, task.id, now);
    if (isAdopting(options, task)) return task;
    await this.rowSets.startFresh(tx, task);
    const [fresh] = await tx.entities(
      TaskEntity,
      `UPDATE tasks SET processed = 0, total = NULL, progress_status = NULL,
         progress_counters = NULL, progress_at = NULL, result_folder = NULL
       WHERE id = ? RETURNING *`,
      [task.id],
    );
    if (fresh === undefined) throw new Error('A task vanished while it was leased');
    return fresh;
  }
}

function inlinedBytes({ inputs }: LeasedTask): number {
  return inputs.reduce((sum, { url, size }) => sum + (url === null ? size : 0), 0);
}

/** The edge's own kinds, or those among them that a request wants. */
export function wantedKinds(
  { kinds }: EdgePrincipal,
  wanted?: readonly string[],
): readonly string[] {
  return wanted === undefined ? kinds : kinds.filter((kind) => wanted.includes(kind));
}

async function freeLeases(tx: Tx, edge: EdgePrincipal): Promise<number> {
  if (edge.maxLeases === null) return Number.POSITIVE_INFINITY;
  const [held] = await tx.query<{ count: number }>(
    `SELECT count(*) AS count FROM tasks WHERE status = 'leased' AND lease_edge_id = ?`,
    [edge.edgeId],
  );
  return Math.max(0, edge.maxLeases - Number(held?.count ?? 0));
}

function isAdopting({ isResuming, resumeKinds }: ResumeWish, { kind }: TaskEntity): boolean {
  return isResuming || resumeKinds?.includes(kind) === true;
}

function resumePoint(task: TaskEntity): ResumePoint | null {
  if (task.attempt === 1) return null;
  return {
    resultCount: task.resultCount,
    processed: task.processed,
    total: task.total,
    status: task.progressStatus,
  };
}
