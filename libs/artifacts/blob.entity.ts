import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { EpochMsColumn, IdColumn, IntegerColumn } from '@foreman/database';

/**
 * That bytes exist under a key, in whichever store. Written before the first byte, so that nothing
 * is ever stored that the sweep does not know of.
 */
@Entity('blobs')
@Check(`size >= 0`)
@Index('blobs_released', ['releasedAt'], { where: 'released_at IS NOT NULL' })
@Index('blobs_unfinished', ['writtenAt'], { where: 'size IS NULL' })
export class BlobEntity {
  @IdColumn() key!: string;
  /** Null until an artifact names it. */
  @IntegerColumn({ nullable: true }) size!: number | null;
  /** When bytes last came. */
  @EpochMsColumn() writtenAt!: number;
  /** When it ceased to be wanted; the sweep deletes it. */
  @EpochMsColumn({ nullable: true }) releasedAt!: number | null;
}

/** A piece of a blob that is kept in the database. Pieces are found by their first byte, so their length may change with time. */
@Entity('blob_chunks')
export class BlobChunkEntity {
  @PrimaryColumn({ type: 'text' }) blobKey!: string;
  @PrimaryColumn({ type: 'integer' }) startByte!: number;
  @Column({ type: 'blob' }) bytes!: Buffer;
}
