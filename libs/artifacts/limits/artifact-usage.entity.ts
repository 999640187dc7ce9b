import { Entity, PrimaryColumn } from 'typeorm';
import { IntegerColumn } from '@foreman/database';

/** How many artifacts a job has, staged and published, and their bytes. No row: none. */
@Entity('job_artifact_usage')
export class JobArtifactUsageEntity {
  @PrimaryColumn({ type: 'text' }) jobId!: string;
  @IntegerColumn() artifacts!: number;
  @IntegerColumn() bytes!: number;
}

/** How many artifacts a lease has staged, and their bytes. No row: none. */
@Entity('lease_artifact_usage')
export class LeaseArtifactUsageEntity {
  @PrimaryColumn({ type: 'text' }) taskId!: string;
  @PrimaryColumn({ type: 'text' }) leaseToken!: string;
  @IntegerColumn() artifacts!: number;
  @IntegerColumn() bytes!: number;
}
