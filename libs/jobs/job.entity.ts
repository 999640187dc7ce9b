import { Check, Entity, Index } from 'typeorm';
import {
  EpochMsColumn,
  FlagColumn,
  IdColumn,
  IntegerColumn,
  JsonColumn,
  TextColumn,
} from '@foreman/database';
import type { JobStatus, OnStall, OnTaskFailure } from './job-state';
import type { Summary } from './summary';

/** What a client submitted and is told about; has 1..n tasks. */
@Entity('jobs')
@Check(`status IN ('queued', 'running', 'completed', 'failed', 'cancelled')`)
@Check(`(status IN ('completed', 'failed', 'cancelled')) = (finalized_at IS NOT NULL)`)
@Check(`status <> 'running' OR started_at IS NOT NULL`)
@Check(`expires_at IS NULL OR finalized_at IS NOT NULL`)
@Check(`(status = 'failed') = (error_code IS NOT NULL)`)
@Check(`on_stall IN ('mark', 'fail')`)
@Index('jobs_newest', ['createdAt', 'id'], { where: 'hidden_at IS NULL' })
@Index('jobs_by_status', ['status', 'createdAt', 'id'], { where: 'hidden_at IS NULL' })
@Index('jobs_by_kind', ['kind', 'createdAt', 'id'], { where: 'hidden_at IS NULL' })
@Index('jobs_by_queue', ['queue', 'createdAt', 'id'], { where: 'hidden_at IS NULL' })
export class JobEntity {
  @IdColumn() id!: string;
  @TextColumn() kind!: string;
  @TextColumn() queue!: string;
  @TextColumn() status!: JobStatus;
  /** -100..100, higher first. */
  @IntegerColumn() priority!: number;
  @JsonColumn() metadata!: Record<string, string>;
  @TextColumn() onTaskFailure!: OnTaskFailure;
  @IntegerColumn() maxAttempts!: number;
  @IntegerColumn() leaseSeconds!: number;
  @IntegerColumn({ nullable: true }) timeoutSeconds!: number | null;
  /** Its tasks have stalled when their counters stand still for so long; null: never. */
  @IntegerColumn({ nullable: true }) stallSeconds!: number | null;
  @TextColumn() onStall!: OnStall;
  @IntegerColumn() ttlSeconds!: number;
  @IntegerColumn() taskCount!: number;
  /** Grows by one with each retry. */
  @IntegerColumn() run!: number;
  /** The `seq` of the job's latest event. */
  @IntegerColumn() eventSeq!: number;
  @JsonColumn({ nullable: true }) summary!: Summary | null;
  @TextColumn({ nullable: true }) errorCode!: string | null;
  @TextColumn({ nullable: true }) errorMessage!: string | null;
  /** The credential that submitted it; null when a service that embeds the libs did. */
  @TextColumn({ nullable: true }) createdBy!: string | null;
  @EpochMsColumn() createdAt!: number;
  @EpochMsColumn({ nullable: true }) startedAt!: number | null;
  @EpochMsColumn({ nullable: true }) finalizedAt!: number | null;
  @EpochMsColumn({ nullable: true }) expiresAt!: number | null;
  @FlagColumn() isPinned!: boolean;
  /** Since when nobody sees it any more; retention removes what is hidden. */
  @EpochMsColumn({ nullable: true }) hiddenAt!: number | null;
}
