import { Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { EpochMsColumn, IntegerColumn, JsonColumn, TextColumn } from '@foreman/database';

/** An append-only fact, written in the transaction of the change that it tells of. */
@Entity('events')
@Index('events_of_job', ['jobId', 'position'])
export class EventEntity {
  @PrimaryGeneratedColumn('increment', { type: 'integer' }) position!: number;
  @TextColumn() id!: string;
  @TextColumn() type!: string;
  @TextColumn() jobId!: string;
  @TextColumn({ nullable: true }) taskId!: string | null;
  @IntegerColumn() run!: number;
  /** Orders a job's own events; null for those of its tasks. */
  @IntegerColumn({ nullable: true }) seq!: number | null;
  @JsonColumn() data!: Record<string, unknown>;
  @EpochMsColumn() createdAt!: number;
}
