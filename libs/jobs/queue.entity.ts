import { Entity, Index } from 'typeorm';
import { EpochMsColumn, FlagColumn, IdColumn, IntegerColumn } from '@foreman/database';

/** A named line of tasks; made by the first job that names it, and gone with the last if nothing was set. */
@Entity('queues')
@Index('queues_paused', ['name'], { where: 'is_paused = 1' })
export class QueueEntity {
  @IdColumn() name!: string;
  /** Its share beside other queues, 1..1000. */
  @IntegerColumn() weight!: number;
  @FlagColumn() isPaused!: boolean;
  @EpochMsColumn() createdAt!: number;
}
