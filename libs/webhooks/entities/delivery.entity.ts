import { Check, Entity, Index, Unique } from 'typeorm';
import { EpochMsColumn, FlagColumn, IdColumn, IntegerColumn, TextColumn } from '@foreman/database';

/**
 * `pending` is owed. `exhausted`: every try failed. `superseded`: a later event of the job made it stale.
 * `disabled`: its endpoint was, and it is kept for when that is enabled again.
 */
export const DELIVERY_STATUSES = [
  'pending',
  'delivered',
  'exhausted',
  'superseded',
  'disabled',
] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One event owed to one endpoint. */
@Entity('deliveries')
@Unique(['eventId', 'endpointId'])
@Check(`status IN ('pending', 'delivered', 'exhausted', 'superseded', 'disabled')`)
@Check(`attempt_count >= 0`)
@Check(`schedule_step >= 0`)
@Check(`(status = 'pending') = (next_attempt_at IS NOT NULL)`)
@Check(`(status = 'pending') = (finished_at IS NULL)`)
@Check(`claimed_until IS NULL OR status = 'pending'`)
@Index('deliveries_due_by_host', ['host', 'nextAttemptAt', 'id'], {
  where: `next_attempt_at IS NOT NULL AND is_due = 1`,
})
@Index('deliveries_due', ['nextAttemptAt'], { where: `next_attempt_at IS NOT NULL AND is_due = 0` })
@Index('deliveries_claimed', ['claimedUntil'], { where: 'claimed_until IS NOT NULL' })
@Index('deliveries_of_job', ['jobId', 'createdAt'])
@Index('deliveries_of_endpoint', ['endpointId', 'createdAt', 'id'])
@Index('deliveries_by_status', ['status', 'createdAt', 'id'])
@Index('deliveries_by_time', ['createdAt', 'id'])
@Index('deliveries_of_endpoint_by_status', ['endpointId', 'status', 'createdAt', 'id'])
export class DeliveryEntity {
  @IdColumn() id!: string;
  @TextColumn() eventId!: string;
  @TextColumn() endpointId!: string;
  @TextColumn() jobId!: string;
  /** Its lane: host and port of the endpoint's URL at the event, and the endpoint itself if that is a standing one. */
  @TextColumn() host!: string;
  @TextColumn() status!: DeliveryStatus;
  @IntegerColumn() attemptCount!: number;
  /** How many pauses of the schedule have been used up. */
  @IntegerColumn() scheduleStep!: number;
  /** The receiver answered 413 once: no artifact is inlined any more. */
  @FlagColumn() urlsOnly!: boolean;
  @EpochMsColumn({ nullable: true }) nextAttemptAt!: number | null;
  /** Of a pending one: its time has come, and a claim has seen that or whoever owed it knew. */
  @FlagColumn() isDue!: boolean;
  /** A sender is at it until then; afterwards it is taken for dead. Each claim has another value: it fences the record. */
  @EpochMsColumn({ nullable: true }) claimedUntil!: number | null;
  @EpochMsColumn() createdAt!: number;
  @EpochMsColumn({ nullable: true }) finishedAt!: number | null;
}
