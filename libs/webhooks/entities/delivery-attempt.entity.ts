import { Entity, PrimaryColumn } from 'typeorm';
import { EpochMsColumn, IntegerColumn, TextColumn } from '@foreman/database';
import type { ErrorClass } from '../posting/post-outcome';

/** One POST of a delivery, and what came of it. */
@Entity('delivery_attempts')
export class DeliveryAttemptEntity {
  @PrimaryColumn({ type: 'text' }) deliveryId!: string;
  @PrimaryColumn({ type: 'integer' }) number!: number;
  @EpochMsColumn() startedAt!: number;
  @IntegerColumn() durationMs!: number;
  @IntegerColumn({ nullable: true }) statusCode!: number | null;
  @TextColumn({ nullable: true }) errorClass!: ErrorClass | null;
  @TextColumn({ nullable: true }) errorDetail!: string | null;
  /** The address that was connected to. */
  @TextColumn({ nullable: true }) address!: string | null;
  @TextColumn({ nullable: true }) responseExcerpt!: string | null;
}
