import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { FlagColumn, IntegerColumn } from '@foreman/database';

/** Rows of one set that follow each other, whose metrics are kept as columns too (ADR-0018). */
@Entity('metric_chunks')
@Unique(['setId', 'firstRowId'])
export class MetricChunkEntity {
  @PrimaryGeneratedColumn('increment', { type: 'integer' }) id!: number;
  @IntegerColumn() setId!: number;
  @IntegerColumn() firstRowId!: number;
  @IntegerColumn() rowCount!: number;
  /** Ascending, as the numbers of a column; null when they are consecutive. */
  @Column({ type: 'blob', nullable: true }) rowIds!: Buffer | null;
  /** Its rows have metrics that it has no column of. */
  @FlagColumn() isPartial!: boolean;
}

/** One metric of a chunk's rows: a 64-bit float a row, little endian; NaN where there is none. */
@Entity('metric_columns')
export class MetricColumnEntity {
  @PrimaryColumn({ type: 'integer' }) chunkId!: number;
  @PrimaryColumn({ type: 'text' }) metric!: string;
  @Column({ type: 'blob' }) vals!: Buffer;
}
