import { JOB_STATUSES, type JobStatus } from '@foreman/jobs';
import { ApiProperty } from '@nestjs/swagger';
import { ProgressDto, TaskCountsDto } from '../job.dto';

const NULLABLE_TEXT = { type: String, nullable: true } as const;

/** `event: state`. */
export class JobStateEventDto {
  @ApiProperty({ enum: JOB_STATUSES, example: 'running' })
  status!: JobStatus;

  /** Grows with each retry of the job. */
  @ApiProperty({ example: 1 })
  run!: number;

  /** Orders the job's states; the one that webhooks carry. */
  @ApiProperty({ example: 2 })
  seq!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

/** `event: task`. */
export class TaskEventDto {
  /** What happened to it. */
  @ApiProperty({ example: 'task.leased' })
  type!: string;

  @ApiProperty({ format: 'uuid' })
  taskId!: string;

  @ApiProperty({ example: 0 })
  taskIndex!: number;

  @ApiProperty({ example: 1 })
  run!: number;

  @ApiProperty({ example: 1 })
  attempt!: number;

  /** How the attempt ended, of a task that is queued again. */
  @ApiProperty({ ...NULLABLE_TEXT, example: null })
  outcome!: string | null;

  /** Of a task that has failed. */
  @ApiProperty({ ...NULLABLE_TEXT, example: null })
  code!: string | null;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

/** `event: artifact`: names that are visible from now on. */
export class ArtifactEventDto {
  @ApiProperty({ type: [String], example: ['completion', 'equity.csv'] })
  names!: string[];

  /** Whose they are; null for the job's own, and for those that were there when the reader came. */
  @ApiProperty({ type: Number, nullable: true, example: 0 })
  taskIndex!: number | null;

  /** True when this task has more than these: the list of artifacts has all. */
  @ApiProperty({ example: false })
  isCut!: boolean;
}

/** `event: progress`: sums over the tasks. */
export class JobProgressEventDto extends ProgressDto {
  /** Rows that count. */
  @ApiProperty({ example: 1200 })
  resultCount!: number;

  @ApiProperty({ type: TaskCountsDto })
  taskCounts!: TaskCountsDto;

  /** Of the leased ones, those that are alive and do not advance. */
  @ApiProperty({ example: 0 })
  stalledTasks!: number;
}
