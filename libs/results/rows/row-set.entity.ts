import { Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { FlagColumn, IntegerColumn, TextColumn } from '@foreman/database';

/** The rows of one lease, and of those that adopted them. A task names the set that counts. */
@Entity('row_sets')
@Index('row_sets_of_job', ['jobId', 'id'])
@Index('row_sets_discarded', ['id'], { where: 'is_discarded = 1' })
export class RowSetEntity {
  @PrimaryGeneratedColumn('increment', { type: 'integer' }) id!: number;
  @TextColumn() taskId!: string;
  @TextColumn() jobId!: string;
  /** A later lease did not adopt it: its rows wait for the sweep. */
  @FlagColumn() isDiscarded!: boolean;
  /** Rows up to this id are in metric chunks; those beyond are the set's tail. */
  @IntegerColumn() foldedThrough!: number;
  /** How many rows that are. */
  @IntegerColumn() foldedRows!: number;
}
