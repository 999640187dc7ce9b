import { Entity, Index, PrimaryColumn, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { IntegerColumn, JsonColumn, TextColumn } from '@foreman/database';

/** One strategy config with its metrics. It counts while its `rowSet` is its task's. */
@Entity('result_rows')
@Unique(['taskId', 'rowSet', 'configId'])
@Index('result_rows_of_job', ['jobId', 'id'])
export class ResultRowEntity {
  /** Grows in the order of first arrival: what exports and cursors go by. */
  @PrimaryGeneratedColumn('increment', { type: 'integer' }) id!: number;
  @TextColumn() taskId!: string;
  @IntegerColumn() rowSet!: number;
  @TextColumn() configId!: string;
  @TextColumn() jobId!: string;
  @JsonColumn() config!: Record<string, unknown>;
  @JsonColumn() metrics!: Record<string, number | boolean | null>;
}

/** Rows of an earlier lease that a later one did not adopt, until the sweep has removed them. */
@Entity('discarded_row_sets')
export class DiscardedRowSetEntity {
  @PrimaryColumn({ type: 'text' }) taskId!: string;
  @PrimaryColumn({ type: 'integer' }) rowSet!: number;
}
