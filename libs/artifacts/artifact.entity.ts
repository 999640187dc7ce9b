import { Check, Entity, Index } from 'typeorm';
import { EpochMsColumn, IdColumn, IntegerColumn, TextColumn } from '@foreman/database';

export type ArtifactState = 'staged' | 'published';

/** A named, typed blob of a job: staged by a lease, published with its task's completion. */
@Entity('artifacts')
@Check(`state IN ('staged', 'published')`)
@Check(`size >= 0`)
@Check(`(state = 'published') = (published_at IS NOT NULL)`)
@Check(`(state = 'staged') = (lease_token IS NOT NULL)`)
@Index('artifacts_of_job', ['jobId'])
@Index('artifacts_oldest', ['createdAt'])
@Index('artifacts_largest', ['size'])
@Index('artifacts_published', ['jobId', 'name'], { unique: true, where: `state = 'published'` })
@Index('artifacts_staged', ['taskId', 'name'], { unique: true, where: `state = 'staged'` })
export class ArtifactEntity {
  @IdColumn() id!: string;
  @TextColumn() jobId!: string;
  /** Null for what Foreman wrote itself. */
  @TextColumn({ nullable: true }) taskId!: string | null;
  @TextColumn() state!: ArtifactState;
  /** The lease that staged it; null once published. */
  @TextColumn({ nullable: true }) leaseToken!: string | null;
  /** Staged: as the edge named it. Published: as the job shows it. */
  @TextColumn() name!: string;
  @TextColumn() contentType!: string;
  /** Stored bytes. */
  @IntegerColumn() size!: number;
  /** Lower-case hex. */
  @TextColumn() sha256!: string;
  @TextColumn() blobKey!: string;
  @EpochMsColumn() createdAt!: number;
  @EpochMsColumn({ nullable: true }) publishedAt!: number | null;
}
