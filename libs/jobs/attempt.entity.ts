import { Check, Entity, PrimaryColumn } from 'typeorm';
import { EpochMsColumn, FlagColumn, TextColumn } from '@foreman/database';
import type { AttemptOutcome } from './job-state';

/** One numbered execution of a task, with its outcome kept. */
@Entity('attempts')
@Check(`(outcome IS NULL) = (ended_at IS NULL)`)
export class AttemptEntity {
  @PrimaryColumn({ type: 'text' }) taskId!: string;
  @PrimaryColumn({ type: 'integer' }) number!: number;
  @TextColumn() edgeId!: string;
  @TextColumn() leaseToken!: string;
  /** The idempotent request that leased it. */
  @TextColumn({ nullable: true }) leaseRequestId!: string | null;
  @EpochMsColumn() leasedAt!: number;
  @EpochMsColumn({ nullable: true }) startedAt!: number | null;
  @EpochMsColumn({ nullable: true }) endedAt!: number | null;
  @TextColumn({ nullable: true }) outcome!: AttemptOutcome | null;
  @FlagColumn() isBurnt!: boolean;
  @TextColumn({ nullable: true }) errorCode!: string | null;
  @TextColumn({ nullable: true }) errorMessage!: string | null;
  /** When the task could be leased again after this attempt; null if it ended for good. */
  @EpochMsColumn({ nullable: true }) retryAt!: number | null;
}
