import { EpochMsColumn, IdColumn, IntegerColumn, JsonColumn, TextColumn } from '@foreman/database';
import { Check, Entity, Index } from 'typeorm';

/** What an operator wants of an edge: run, finish what runs (drain), or stop altogether. */
export const DESIRED_STATES = ['run', 'drain', 'stop'] as const;

export type DesiredState = (typeof DESIRED_STATES)[number];

/** What an edge says it is, or has; `requires` of a job is matched against it. */
export type Labels = Record<string, string>;

/** A registered remote machine. A revoked one stays, for the attempts that name it. */
@Entity('edges')
@Index('edges_live_name', ['name'], { unique: true, where: 'revoked_at IS NULL' })
@Index('edges_former_name', ['name', 'revokedAt'], { where: 'revoked_at IS NOT NULL' })
@Index('edges_seen', ['lastSeenAt'], { where: 'revoked_at IS NULL' })
@Index('edges_newest', ['createdAt', 'id'], { where: 'revoked_at IS NULL' })
@Check(`desired IN ('run', 'drain', 'stop')`)
@Check('max_leases >= 1')
export class EdgeEntity {
  @IdColumn()
  id!: string;

  @TextColumn()
  name!: string;

  @JsonColumn()
  kinds!: string[];

  @JsonColumn()
  labels!: Labels;

  /** Of the token that it uses; null until it has used one, and until then its enrolment may be repeated. */
  @TextColumn({ nullable: true })
  tokenHash!: string | null;

  @TextColumn()
  desired!: DesiredState;

  /** Tasks it may hold at once; null: as many as it asks for. */
  @IntegerColumn({ nullable: true })
  maxLeases!: number | null;

  @TextColumn({ nullable: true })
  agentVersion!: string | null;

  @TextColumn({ nullable: true })
  platform!: string | null;

  @EpochMsColumn()
  createdAt!: number;

  @EpochMsColumn({ nullable: true })
  lastSeenAt!: number | null;

  @EpochMsColumn({ nullable: true })
  revokedAt!: number | null;
}
