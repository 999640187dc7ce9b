import { ApiProperty } from '@nestjs/swagger';
import { WebhookStatsDto } from './webhook-stats.dto';

/** Jobs by status, without those that are being removed. */
export class JobStatsDto {
  @ApiProperty({ example: 3 })
  queued!: number;

  @ApiProperty({ example: 2 })
  running!: number;

  @ApiProperty({ example: 140 })
  completed!: number;

  @ApiProperty({ example: 1 })
  failed!: number;

  @ApiProperty({ example: 0 })
  cancelled!: number;
}

/** Tasks that are not finalized. */
export class TaskStatsDto {
  @ApiProperty({ example: 12 })
  queued!: number;

  @ApiProperty({ example: 8 })
  leased!: number;

  /** Of the leased ones, those that have not advanced for their job's `stallSeconds`. */
  @ApiProperty({ example: 0 })
  stalled!: number;
}

export class EdgeStatsDto {
  /** Not revoked. */
  @ApiProperty({ example: 4 })
  registered!: number;

  /** Of these, called within the last 90 seconds. */
  @ApiProperty({ example: 3 })
  online!: number;
}

/** Webhook deliveries by status. */
export class DeliveryStatsDto {
  @ApiProperty({ example: 1 })
  pending!: number;

  @ApiProperty({ example: 139 })
  delivered!: number;

  @ApiProperty({ example: 0 })
  exhausted!: number;

  @ApiProperty({ example: 0 })
  superseded!: number;

  @ApiProperty({ example: 0 })
  disabled!: number;
}

export class LargestArtifactDto {
  @ApiProperty({ format: 'uuid' })
  jobId!: string;

  @ApiProperty({ example: 'equity.csv' })
  name!: string;

  /** Stored bytes. */
  @ApiProperty({ example: 8_388_608 })
  size!: number;
}

/** Artifacts of one kind, or in one queue, staged ones included. */
export class ArtifactShareDto {
  @ApiProperty({ example: 'strategy-search' })
  name!: string;

  @ApiProperty({ example: 560 })
  artifacts!: number;

  @ApiProperty({ example: 73_400_320 })
  bytes!: number;
}

/** What is stored, that of jobs which are being removed included. */
export class ArtifactStatsDto {
  @ApiProperty({ example: 560 })
  published!: number;

  /** Stored bytes of the published ones. */
  @ApiProperty({ example: 73_400_320 })
  bytes!: number;

  /** Uploaded, and not yet visible: their tasks have not completed. */
  @ApiProperty({ example: 2 })
  staged!: number;

  @ApiProperty({ example: 1_048_576 })
  stagedBytes!: number;

  /** Blobs, of artifacts and inputs, whose bytes the scrub found changed or missing. Should be 0. */
  @ApiProperty({ example: 0 })
  corrupt!: number;

  /** When the oldest one was uploaded. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  oldestAt!: string | null;

  @ApiProperty({ type: () => LargestArtifactDto, nullable: true })
  largest!: LargestArtifactDto | null;

  /** At most 100, those with the most bytes first. */
  @ApiProperty({ type: () => [ArtifactShareDto] })
  byKind!: ArtifactShareDto[];

  /** At most 100, those with the most bytes first. */
  @ApiProperty({ type: () => [ArtifactShareDto] })
  byQueue!: ArtifactShareDto[];
}

/** Inputs that have their bytes, those that are about to be removed included. */
export class InputStatsDto {
  @ApiProperty({ example: 12 })
  stored!: number;

  /** As they are stored: the same bytes of several inputs once. */
  @ApiProperty({ example: 31_457_280 })
  bytes!: number;
}

export class DatabaseStatsDto {
  /** Size of the file. */
  @ApiProperty({ example: 104_857_600 })
  fileBytes!: number;

  /** Of it, free for reuse or about to be given back. */
  @ApiProperty({ example: 1_048_576 })
  freeBytes!: number;
}

/** One look at the whole. */
export class StatsDto {
  @ApiProperty()
  jobs!: JobStatsDto;

  @ApiProperty()
  tasks!: TaskStatsDto;

  @ApiProperty()
  edges!: EdgeStatsDto;

  @ApiProperty()
  deliveries!: DeliveryStatsDto;

  @ApiProperty()
  webhooks!: WebhookStatsDto;

  @ApiProperty()
  artifacts!: ArtifactStatsDto;

  @ApiProperty()
  inputs!: InputStatsDto;

  @ApiProperty()
  database!: DatabaseStatsDto;
}
