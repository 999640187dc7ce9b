import { Check, Entity, Index } from 'typeorm';
import { EpochMsColumn, IdColumn, TextColumn } from '@foreman/database';

export type EndpointEventType =
  | 'created'
  | 'changed'
  | 'secret_rotated'
  | 'disabled'
  | 'enabled'
  /** All that was kept while it was disabled has had its turn. */
  | 'replayed';

/** What has happened to a standing endpoint. */
@Entity('webhook_endpoint_events')
@Check(`type IN ('created', 'changed', 'secret_rotated', 'disabled', 'enabled', 'replayed')`)
@Index('webhook_endpoint_events_of_endpoint', ['endpointId', 'id'])
export class WebhookEndpointEventEntity {
  @IdColumn() id!: string;
  @TextColumn() endpointId!: string;
  @TextColumn() type!: EndpointEventType;
  /** Why it was disabled. */
  @TextColumn({ nullable: true }) reason!: string | null;
  @EpochMsColumn() createdAt!: number;
}
