import { Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { IntegerColumn, JsonColumn, TextColumn } from '@foreman/database';

/** One strategy config with its metrics. It counts while its set is its task's. */
@Entity('result_rows')
@Unique(['setId', 'configId'])
@Index('result_rows_of_set', ['setId', 'id'])
export class ResultRowEntity {
  /** Grows in the order of first arrival, over all jobs. */
  @PrimaryGeneratedColumn('increment', { type: 'integer' }) id!: number;
  @IntegerColumn() setId!: number;
  @TextColumn() configId!: string;
  /** The sender's own JSON text, so that numbers keep their precision. */
  @JsonColumn() config!: Record<string, unknown>;
  @JsonColumn() metrics!: Record<string, number | boolean | null>;
}
