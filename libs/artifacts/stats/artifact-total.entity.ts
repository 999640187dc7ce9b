import { Check, Entity, PrimaryColumn } from 'typeorm';
import { IntegerColumn } from '@foreman/database';
import type { ArtifactState } from '../artifact.entity';

/** How many artifacts of a kind's jobs in a queue are stored, and their bytes. Changed with each of them. */
@Entity('artifact_totals')
@Check(`state IN ('staged', 'published')`)
export class ArtifactTotalEntity {
  @PrimaryColumn({ type: 'text' }) kind!: string;
  @PrimaryColumn({ type: 'text' }) queue!: string;
  @PrimaryColumn({ type: 'text' }) state!: ArtifactState;
  @IntegerColumn() artifacts!: number;
  @IntegerColumn() bytes!: number;
}
