import { EpochMsColumn, TextColumn } from '@foreman/database';
import { Entity, Index, PrimaryColumn } from 'typeorm';

/** What the first call with a key made, so that a repeat makes nothing new. */
@Entity('idempotency_keys')
@Index('idempotency_keys_age', ['createdAt'])
export class IdempotencyKeyEntity {
  @PrimaryColumn({ type: 'text' })
  credentialId!: string;

  @PrimaryColumn({ type: 'text' })
  path!: string;

  @PrimaryColumn({ type: 'text' })
  idempotencyKey!: string;

  @TextColumn()
  bodySha256!: string;

  @TextColumn()
  answer!: string;

  @EpochMsColumn()
  createdAt!: number;
}
