import { EpochMsColumn, TextColumn } from '@foreman/database';
import { Entity, Index, PrimaryColumn } from 'typeorm';

/** What the first call with a key made, so that a repeat makes nothing new. */
@Entity('idempotency_keys')
@Index('idempotency_keys_age', ['createdAt'], { where: 'holder_id IS NULL' })
@Index('idempotency_keys_held', ['holderId'], { where: 'holder_id IS NOT NULL' })
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

  /** Of what it made, something that lives: so long the key is not looked at. Empty when that is gone. */
  @TextColumn({ nullable: true })
  holderId!: string | null;
}
