import { EpochMsColumn, IdColumn, JsonColumn, TextColumn } from '@foreman/database';
import { Entity } from 'typeorm';
import type { Labels } from './edge.entity';

/** Leave for one machine to become an edge. What it fixes, the machine cannot choose. */
@Entity('enrolments')
export class EnrolmentEntity {
  @IdColumn()
  id!: string;

  @TextColumn()
  tokenHash!: string;

  @TextColumn({ nullable: true })
  name!: string | null;

  @JsonColumn({ nullable: true })
  kinds!: string[] | null;

  @JsonColumn({ nullable: true })
  labels!: Labels | null;

  @EpochMsColumn()
  createdAt!: number;

  @EpochMsColumn()
  expiresAt!: number;

  /** The edge that it made; null until then. */
  @TextColumn({ nullable: true })
  edgeId!: string | null;
}
