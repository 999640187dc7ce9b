import { EpochMsColumn, FlagColumn, IdColumn, JsonColumn, TextColumn } from '@foreman/database';
import { Check, Entity, Index } from 'typeorm';
import type { Scope } from './scopes';

/** An API key of a service or an administrator; of the token only its SHA-256 is kept. */
@Entity('api_keys')
@Index('api_keys_newest', ['createdAt', 'id'])
@Check('is_from_settings IN (0, 1)')
export class ApiKeyEntity {
  @IdColumn()
  id!: string;

  @TextColumn()
  name!: string;

  @TextColumn()
  tokenHash!: string;

  @JsonColumn()
  scopes!: Scope[];

  /** The admin token of the settings, made known at start; at most one is not revoked. */
  @FlagColumn()
  isFromSettings!: boolean;

  @EpochMsColumn()
  createdAt!: number;

  @EpochMsColumn({ nullable: true })
  revokedAt!: number | null;
}
