import { Check, Entity, Index } from 'typeorm';
import {
  EpochMsColumn,
  FlagColumn,
  IdColumn,
  IntegerColumn,
  JsonColumn,
  RealColumn,
  TextColumn,
} from '@foreman/database';
import type { TaskStatus } from './job-state';
import type { Summary } from './summary';

/** The unit that is leased to one edge at a time. */
@Entity('tasks')
@Check(`status IN ('queued', 'leased', 'completed', 'failed', 'cancelled')`)
@Check(`(status = 'leased') = (lease_token IS NOT NULL)`)
@Check(`(status = 'leased') = (lease_edge_id IS NOT NULL)`)
@Check(`(status = 'leased') = (lease_expires_at IS NOT NULL)`)
@Check(`(status IN ('completed', 'failed', 'cancelled')) = (finalized_at IS NOT NULL)`)
@Check(`revivable_token IS NULL OR status = 'queued'`)
@Check(`(status = 'failed') = (error_code IS NOT NULL)`)
@Index('tasks_lease_expiry', ['leaseExpiresAt'], { where: `status = 'leased'` })
@Index('tasks_next_available', ['availableAt'], { where: `status = 'queued' AND is_due = 0` })
@Index('tasks_stalling', ['stallDueAt'], {
  where: `status = 'leased' AND stall_due_at IS NOT NULL`,
})
@Index('tasks_stalled', ['stalledAt'], { where: `status = 'leased' AND stalled_at IS NOT NULL` })
export class TaskEntity {
  @IdColumn() id!: string;
  @TextColumn() jobId!: string;
  @IntegerColumn() taskIndex!: number;
  @TextColumn() kind!: string;
  @TextColumn() queue!: string;
  @IntegerColumn() priority!: number;
  @TextColumn() status!: TaskStatus;
  @TextColumn({ nullable: true }) assignedEdgeId!: string | null;
  /** Labels an edge must have. */
  @JsonColumn({ nullable: true }) requires!: Record<string, string> | null;
  /** Tasks of one group can be run by the same edges, in the same queue: see claim-group.ts. */
  @TextColumn() claimGroup!: string;
  /** It has inputs, its own or its job's: a lease looks for them. */
  @FlagColumn() hasInputs!: boolean;
  @EpochMsColumn() availableAt!: number;
  /** Its `availableAt` was seen to come while it was queued: a claim finds it. */
  @FlagColumn() isDue!: boolean;
  @EpochMsColumn({ nullable: true }) startByAt!: number | null;
  @IntegerColumn() maxAttempts!: number;
  @IntegerColumn() leaseSeconds!: number;
  @IntegerColumn({ nullable: true }) timeoutSeconds!: number | null;
  /** The number of the latest attempt; only ever grows. 0: never leased. */
  @IntegerColumn() attempt!: number;
  /** Attempts that count against maxAttempts in this run of the job. */
  @IntegerColumn() burntAttempts!: number;
  /** Expiries before the start that were given back, at most RETURNED_EXPIRIES_LIMIT. */
  @IntegerColumn() returnedExpiries!: number;
  @TextColumn({ nullable: true }) leaseToken!: string | null;
  @TextColumn({ nullable: true }) leaseEdgeId!: string | null;
  @EpochMsColumn({ nullable: true }) leaseExpiresAt!: number | null;
  @EpochMsColumn({ nullable: true }) leasedAt!: number | null;
  @FlagColumn() isStarted!: boolean;
  /** The lease got its grace after a start of the gateway, and has not been heard of since. */
  @FlagColumn() isGraced!: boolean;
  /** The lease that expired last; a late call with it revives it while nobody took the task since. */
  @TextColumn({ nullable: true }) revivableToken!: string | null;
  @TextColumn({ nullable: true }) revivableEdgeId!: string | null;
  @IntegerColumn() processed!: number;
  @IntegerColumn({ nullable: true }) total!: number | null;
  @TextColumn({ nullable: true }) progressStatus!: string | null;
  @EpochMsColumn({ nullable: true }) progressAt!: number | null;
  /** Free counters of the executor. */
  @JsonColumn({ nullable: true }) progressCounters!: Record<string, number> | null;
  /** The attempt and the sequence number of the latest numbered heartbeat that was kept; null: none. */
  @IntegerColumn({ nullable: true }) progressAttempt!: number | null;
  @IntegerColumn({ nullable: true }) progressSequence!: number | null;
  /** Units processed a second, smoothed; null until it can be told. */
  @RealColumn({ nullable: true }) progressRate!: number | null;
  /** A leased task whose counters stand still for so long has stalled; null: never. */
  @IntegerColumn({ nullable: true }) stallSeconds!: number | null;
  /** A stall fails the attempt, instead of being marked only. */
  @FlagColumn() failsOnStall!: boolean;
  /** When it will have stalled, unless its counters move; null when it cannot, or has. */
  @EpochMsColumn({ nullable: true }) stallDueAt!: number | null;
  /** Since when it counts as stalled; null while it advances. */
  @EpochMsColumn({ nullable: true }) stalledAt!: number | null;
  /** Which set of result rows counts; null until the first row of a lease that adopted none. */
  @IntegerColumn({ nullable: true }) rowSetId!: number | null;
  /** How many rows count, kept exactly with each write. */
  @IntegerColumn() resultCount!: number;
  @TextColumn({ nullable: true }) resultFolder!: string | null;
  @JsonColumn({ nullable: true }) summary!: Summary | null;
  @TextColumn({ nullable: true }) errorCode!: string | null;
  @TextColumn({ nullable: true }) errorMessage!: string | null;
  @EpochMsColumn() createdAt!: number;
  @EpochMsColumn({ nullable: true }) finalizedAt!: number | null;
}
