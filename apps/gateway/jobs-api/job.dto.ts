import { JOB_STATUSES, type JobStatus } from '@foreman/jobs';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const TIME = { type: String, format: 'date-time', nullable: true } as const;

/** A named, typed blob of a completed job. Exactly one of `inline` and `url` is set. */
export class ArtifactObjectDto {
  @ApiProperty({ example: 'completion' })
  name!: string;

  @ApiProperty({ example: 'application/json' })
  content_type!: string;

  /** Stored bytes. */
  @ApiProperty({ example: 1234 })
  size!: number;

  /** A JSON type's value, or text; null when the bytes are to be fetched. */
  @ApiProperty({ anyOf: [{}], example: { answer: 42 } })
  inline!: unknown;

  /** Where the bytes are; null when they are inline. */
  @ApiProperty({ type: String, nullable: true, example: null })
  url!: string | null;

  /** Hex SHA-256 of the stored bytes. */
  @ApiProperty({ example: '93a23971a914e5eacbf0a8d25154cda309c3c1c72fbb9914d47c60f3cb681588' })
  sha256!: string;
}

export class ProgressDto {
  @ApiProperty({ example: 120 })
  processed!: number;

  @ApiProperty({ type: Number, nullable: true, example: 480 })
  total!: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'evaluating' })
  status!: string | null;

  /** Units a second, smoothed over a minute; null while it does not run, or cannot be told. */
  @ApiProperty({ type: Number, nullable: true, example: 4.5 })
  ratePerSecond!: number | null;

  /** At this rate, whole seconds until all is done; null when it cannot be told. */
  @ApiProperty({ type: 'integer', nullable: true, example: 80 })
  etaSeconds!: number | null;
}

export class SummaryDto {
  /** In a job of many tasks: `<taskIndex>:<configId>`. */
  @ApiProperty({ type: [String], example: ['fast=10;slow=50'] })
  bestConfigIds!: string[];

  @ApiProperty({ type: Number, nullable: true, example: 480 })
  processedCount!: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 480 })
  totalCount!: number | null;
}

export class ErrorDto {
  @ApiProperty({ example: 'task.timed_out' })
  code!: string;

  @ApiProperty({ example: 'The attempt ran longer than timeoutSeconds (900).' })
  message!: string;
}

export class TaskCountsDto {
  @ApiProperty({ example: 0 })
  queued!: number;

  @ApiProperty({ example: 1 })
  leased!: number;

  @ApiProperty({ example: 7 })
  completed!: number;

  @ApiProperty({ example: 0 })
  failed!: number;

  @ApiProperty({ example: 0 })
  cancelled!: number;
}

export class JobLinksDto {
  @ApiProperty({ format: 'uri', example: 'http://127.0.0.1:8080/jobs/…' })
  self!: string;

  @ApiProperty({ format: 'uri', example: 'http://127.0.0.1:8080/jobs/…/tasks' })
  tasks!: string;

  @ApiProperty({ format: 'uri', example: 'http://127.0.0.1:8080/jobs/…/explain' })
  explain!: string;

  @ApiProperty({ format: 'uri', example: 'http://127.0.0.1:8080/jobs/…/results' })
  results!: string;

  @ApiProperty({ format: 'uri', example: 'http://127.0.0.1:8080/jobs/…/artifacts' })
  artifacts!: string;

  @ApiProperty({ format: 'uri', example: 'http://127.0.0.1:8080/jobs/…/deliveries' })
  deliveries!: string;
}

/** A webhook whose secret Foreman has made. */
export class NewWebhookDto {
  @ApiProperty({ example: 'https://example.com/hooks/foreman' })
  url!: string;

  /** Shown in this answer only. */
  @ApiProperty({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret!: string;
}

/** A job as it stands. */
@ApiExtraModels(ArtifactObjectDto)
export class JobDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  id!: string;

  @ApiProperty({ example: 'chat' })
  kind!: string;

  @ApiProperty({ example: 'default' })
  queue!: string;

  @ApiProperty({ enum: JOB_STATUSES, example: 'running' })
  status!: JobStatus;

  @ApiProperty({ example: 0 })
  priority!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { team: 'research' },
  })
  metadata!: Record<string, string>;

  /** Summed up over the tasks. */
  @ApiProperty({ type: ProgressDto })
  progress!: ProgressDto;

  /** Set once the job has completed. */
  @ApiProperty({ type: SummaryDto, nullable: true })
  summary!: SummaryDto | null;

  /** Set once the job has failed. */
  @ApiProperty({ type: ErrorDto, nullable: true })
  error!: ErrorDto | null;

  @ApiProperty({ type: [ArtifactObjectDto] })
  artifacts!: ArtifactObjectDto[];

  @ApiProperty({ type: TaskCountsDto })
  taskCounts!: TaskCountsDto;

  /** Of the leased tasks, those that have not advanced for `stallSeconds`. */
  @ApiProperty({ example: 0 })
  stalledTasks!: number;

  /** Of a job of one task, as its edge sent it: a relative path that Foreman never opens. */
  @ApiProperty({ type: String, nullable: true, example: 'equity' })
  resultFolder!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ ...TIME, example: '2026-11-22T01:00:01.000Z' })
  startedAt!: string | null;

  @ApiProperty({ ...TIME, example: null })
  finalizedAt!: string | null;

  /** When retention may remove it. */
  @ApiProperty({ ...TIME, example: null })
  expiresAt!: string | null;

  @ApiProperty({ type: JobLinksDto })
  links!: JobLinksDto;

  /** Only in the answer of the submission, and only when Foreman made the secret. */
  @ApiPropertyOptional({ type: NewWebhookDto })
  webhook?: NewWebhookDto;
}

export class JobBatchDto {
  @ApiProperty({ type: [JobDto] })
  items!: JobDto[];

  /** Only in the answer to a repeat: ids of the jobs that were deleted or pruned since. */
  @ApiPropertyOptional({ type: [String], example: ['01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11'] })
  gone?: string[];
}

export class ReasonDto {
  @ApiProperty({
    enum: [
      'no_capable_edge',
      'assigned_edge_offline',
      'queue_paused',
      'not_yet_available',
      'edges_busy',
      'draining',
      'task_stalled',
    ],
    example: 'no_capable_edge',
  })
  code!: string;

  @ApiProperty({ example: 'Task 0: no edge that calls can run kind chat.' })
  detail!: string;
}

/** Why a job is not running, or does not advance. */
export class ExplanationDto {
  @ApiProperty({ enum: JOB_STATUSES, example: 'queued' })
  status!: JobStatus;

  /** None when nothing of the job waits or stands still. */
  @ApiProperty({ type: [ReasonDto] })
  reasons!: ReasonDto[];
}
