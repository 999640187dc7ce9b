import { Entity, Index, PrimaryColumn } from 'typeorm';
import type { JobView } from '@foreman/jobs';
import { EpochMsColumn, IntegerColumn, JsonColumn, TextColumn } from '@foreman/database';
import type { WebhookArtifactRecord } from '../artifact-source';
import type { WebhookEventType } from '../webhook-event-type';

/** What an event tells, frozen when it happened: a job's later runs do not change it. */
@Entity('webhook_messages')
@Index('webhook_messages_of_job', ['jobId'])
export class WebhookMessageEntity {
  /** Also the `webhook-id`. */
  @PrimaryColumn({ type: 'text' }) eventId!: string;
  @TextColumn() jobId!: string;
  @TextColumn() type!: WebhookEventType;
  @IntegerColumn() run!: number;
  @IntegerColumn() seq!: number;
  @JsonColumn() job!: JobView;
  @JsonColumn() artifacts!: WebhookArtifactRecord[];
  @EpochMsColumn() createdAt!: number;
}
