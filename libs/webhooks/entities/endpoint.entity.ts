import { Check, Entity, Index } from 'typeorm';
import {
  EpochMsColumn,
  FlagColumn,
  IdColumn,
  IntegerColumn,
  JsonColumn,
  TextColumn,
} from '@foreman/database';
import type { WebhookEventType } from '../webhook-event-type';

/** `gone`: it answered 410. `failing`: it has failed for so long that nobody seems to be there. */
export type DisabledReason = 'gone' | 'failing';

/** A URL that receives webhooks: of one job, or (with no job) a standing one. */
@Entity('webhook_endpoints')
@Check(`disabled_reason IN ('gone', 'failing')`)
@Check(`(previous_secret_sealed IS NULL) = (previous_secret_until IS NULL)`)
@Check(`(disabled_at IS NULL) = (disabled_reason IS NULL)`)
@Check(`inline_budget_bytes >= 0`)
@Check(`rate_per_minute >= 1`)
@Index('webhook_endpoints_of_job', ['jobId'], { where: 'job_id IS NOT NULL' })
@Index('webhook_endpoints_standing', ['id'], { where: 'job_id IS NULL' })
@Index('webhook_endpoints_paced', ['id'], { where: 'rate_per_minute IS NOT NULL' })
@Index('webhook_endpoints_replaying', ['id'], { where: 'replaying_since IS NOT NULL' })
@Index('webhook_endpoints_removed', ['id'], { where: 'removed_at IS NOT NULL' })
export class WebhookEndpointEntity {
  @IdColumn() id!: string;
  @TextColumn({ nullable: true }) jobId!: string | null;
  @TextColumn() url!: string;
  @JsonColumn() events!: WebhookEventType[];
  /** Null: of every kind. */
  @JsonColumn({ nullable: true }) kinds!: string[] | null;
  /** URLs in its bodies work without a bearer token. */
  @FlagColumn() hasSignedUrls!: boolean;
  @TextColumn() secretSealed!: string;
  /** While a secret is rotating those from before sign too: the newest first, with spaces between. */
  @TextColumn({ nullable: true }) previousSecretSealed!: string | null;
  @EpochMsColumn({ nullable: true }) previousSecretUntil!: number | null;
  @EpochMsColumn() createdAt!: number;
  /** Of the first failure since its last success. */
  @EpochMsColumn({ nullable: true }) failingSince!: number | null;
  @EpochMsColumn({ nullable: true }) disabledAt!: number | null;
  @TextColumn({ nullable: true }) disabledReason!: DisabledReason | null;
  /** Bytes of artifacts that one body may carry inline; null: as many as everywhere. */
  @IntegerColumn({ nullable: true }) inlineBudgetBytes!: number | null;
  /** Posts that any minute may see; null: as many as there are. */
  @IntegerColumn({ nullable: true }) ratePerMinute!: number | null;
  /** Before then its rate allows no post. */
  @EpochMsColumn({ nullable: true }) nextPostAt!: number | null;
  /** Since it was enabled again, while what was kept for it goes out in order. */
  @EpochMsColumn({ nullable: true }) replayingSince!: number | null;
  /** The kept delivery whose turn it is. */
  @TextColumn({ nullable: true }) replayDeliveryId!: string | null;
  /** Removed by an operator; the row stays until the last delivery that refers to it has gone. */
  @EpochMsColumn({ nullable: true }) removedAt!: number | null;
}
