import { Check, Entity, PrimaryColumn } from 'typeorm';
import { EpochMsColumn, IdColumn, IntegerColumn, TextColumn } from '@foreman/database';

/** The one row of how far the scrub is; a pass that is not finished goes on where it stood. */
@Entity('artifact_scrub')
@Check(`id = 1`)
@Check(`blobs >= 0`)
@Check(`bytes >= 0`)
@Check(`corrupt >= 0`)
@Check(`unreadable >= 0`)
export class ArtifactScrubEntity {
  @PrimaryColumn({ type: 'integer' }) id!: number;
  /** The last blob that is done; empty at the beginning. */
  @TextColumn() afterKey!: string;
  /** The last blob that there was when the pass began: it ends there, however fast others come. */
  @TextColumn() endKey!: string;
  @EpochMsColumn() startedAt!: number;
  @EpochMsColumn({ nullable: true }) finishedAt!: number | null;
  /** Done in this pass. */
  @IntegerColumn() blobs!: number;
  @IntegerColumn() bytes!: number;
  /** Of them, those whose bytes are not what came. */
  @IntegerColumn() corrupt!: number;
  /** Of them, those that could not be read to their end, for whatever reason. */
  @IntegerColumn() unreadable!: number;
}

/** A blob whose bytes are not those that its digest was taken of. Nobody is served it. */
@Entity('corrupt_blobs')
export class CorruptBlobEntity {
  @IdColumn() blobKey!: string;
  @TextColumn() expectedSha256!: string;
  /** Null when bytes are missing. */
  @TextColumn({ nullable: true }) foundSha256!: string | null;
  @EpochMsColumn() foundAt!: number;
}
