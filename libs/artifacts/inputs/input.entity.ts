import { Check, Entity, Index, PrimaryColumn } from 'typeorm';
import { EpochMsColumn, IdColumn, IntegerColumn, TextColumn } from '@foreman/database';

/** What a service uploads before it submits: open until its bytes have come, then stored. */
@Entity('inputs')
@Check(`announced_size >= 0`)
@Check(`size >= 0`)
@Check(`ttl_seconds >= 1`)
@Check(`holds >= 0`)
@Check(`(stored_at IS NULL) = (sha256 IS NULL)`)
@Check(`(stored_at IS NULL) = (size IS NULL)`)
@Check(`stored_at IS NOT NULL OR holds = 0`)
@Index('inputs_expiring', ['expiresAt'], { where: 'holds = 0' })
@Index('inputs_of_blob', ['sha256'], { where: 'sha256 IS NOT NULL' })
export class InputEntity {
  @IdColumn() id!: string;
  @TextColumn() contentType!: string;
  /** What the service said would come; null: nothing said. */
  @IntegerColumn({ nullable: true }) announcedSize!: number | null;
  @TextColumn({ nullable: true }) announcedSha256!: string | null;
  /** Lower-case hex; null until it is stored. Its bytes are found by it. */
  @TextColumn({ nullable: true }) sha256!: string | null;
  /** Stored bytes. */
  @IntegerColumn({ nullable: true }) size!: number | null;
  /** Counted anew once it is stored. */
  @IntegerColumn() ttlSeconds!: number;
  /** How many times jobs and tasks that are not removed yet name it. */
  @IntegerColumn() holds!: number;
  /** The credential that made it; null when a service that embeds the libs did. */
  @TextColumn({ nullable: true }) createdBy!: string | null;
  @EpochMsColumn() createdAt!: number;
  @EpochMsColumn({ nullable: true }) storedAt!: number | null;
  /** When it goes, unless a job holds it. */
  @EpochMsColumn() expiresAt!: number;
  /** Since when no new job can name it: it was deleted. */
  @EpochMsColumn({ nullable: true }) hiddenAt!: number | null;
}

/** Bytes of inputs, once for all that have them. */
@Entity('input_blobs')
@Check(`size >= 0`)
@Check(`refs >= 0`)
@Index('input_blobs_blob', ['blobKey'], { unique: true })
export class InputBlobEntity {
  @IdColumn() sha256!: string;
  @TextColumn() blobKey!: string;
  @IntegerColumn() size!: number;
  /** How many inputs have them. With the last one, the row goes and the blob is released. */
  @IntegerColumn() refs!: number;
}

/** An input that a job names for all its tasks. */
@Entity('job_inputs')
@Index('job_inputs_of_input', ['inputId'])
export class JobInputEntity {
  @PrimaryColumn({ type: 'text' }) jobId!: string;
  @PrimaryColumn({ type: 'text' }) name!: string;
  @TextColumn() inputId!: string;
}

/** An input that a task names for itself, beside its job's or in the place of one. */
@Entity('task_inputs')
@Index('task_inputs_of_input', ['inputId'])
export class TaskInputEntity {
  @PrimaryColumn({ type: 'text' }) taskId!: string;
  @PrimaryColumn({ type: 'text' }) name!: string;
  @TextColumn() inputId!: string;
}
