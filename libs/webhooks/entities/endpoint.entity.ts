import { Check, Entity, Index } from 'typeorm';
import { EpochMsColumn, FlagColumn, IdColumn, JsonColumn, TextColumn } from '@foreman/database';
import type { WebhookEventType } from '../webhook-event-type';

/** `gone`: it answered 410. `failing`: it has failed for so long that nobody seems to be there. */
export type DisabledReason = 'gone' | 'failing';

/** A URL that receives webhooks: of one job, or (with no job) a standing one. */
@Entity('webhook_endpoints')
@Check(`disabled_reason IN ('gone', 'failing')`)
@Check(`(previous_secret_sealed IS NULL) = (previous_secret_until IS NULL)`)
@Check(`(disabled_at IS NULL) = (disabled_reason IS NULL)`)
@Index('webhook_endpoints_of_job', ['jobId'], { where: 'job_id IS NOT NULL' })
@Index('webhook_endpoints_standing', ['id'], { where: 'job_id IS NULL' })
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
  /** While a secret is rotating both sign. */
  @TextColumn({ nullable: true }) previousSecretSealed!: string | null;
  @EpochMsColumn({ nullable: true }) previousSecretUntil!: number | null;
  @EpochMsColumn() createdAt!: number;
  /** Of the first failure since its last success. */
  @EpochMsColumn({ nullable: true }) failingSince!: number | null;
  @EpochMsColumn({ nullable: true }) disabledAt!: number | null;
  @TextColumn({ nullable: true }) disabledReason!: DisabledReason | null;
}
