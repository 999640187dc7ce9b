import type { LeasedTask } from '@foreman/leasing';
import { isoTime } from '@foreman/kernel';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNumber,
  IsString,
  Max,
  Min,
} from 'class-validator';
import { ArtifactObjectDto } from '../jobs-api/job.dto';
import type { HeartbeatInterval } from './heartbeat-interval';
import { MayBeLeftOut } from './left-out';

/** A poll for one task. */
export class NextTaskDto {
  /** Narrows the kinds that the edge enrolled with. */
  @ApiPropertyOptional({ type: [String], example: ['chat'] })
  @MayBeLeftOut()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  kinds?: string[];

  /** How long the gateway may hold the call open while there is nothing. */
  @ApiPropertyOptional({ minimum: 0, maximum: 50, default: 0, example: 30 })
  @MayBeLeftOut()
  @IsNumber()
  @Min(0)
  @Max(50)
  waitSeconds?: number;

  /** Adopt the rows of the task's earlier attempts. */
  @ApiPropertyOptional({ default: false, example: false })
  @MayBeLeftOut()
  @IsBoolean()
  resume?: boolean;

  /** The same for tasks of these kinds only: for an edge that can go on with some of its kinds. */
  @ApiPropertyOptional({ type: [String], example: ['strategy-search'] })
  @MayBeLeftOut()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  resumeKinds?: string[];
}

/** A poll for several tasks. */
export class LeaseTasksDto extends NextTaskDto {
  @ApiProperty({ minimum: 1, maximum: 100, example: 10 })
  @IsInt()
  @Min(1)
  @Max(100)
  max!: number;
}

/** What earlier attempts left; only for a poll that said `resume`. */
export class ResumeDto {
  @ApiProperty({ example: 120 })
  resultCount!: number;

  @ApiProperty({ example: 120 })
  processed!: number;

  @ApiProperty({ type: Number, nullable: true, example: 480 })
  total!: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'evaluating' })
  status!: string | null;
}

/** A leased task. */
export class LeasedTaskDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  taskId!: string;

  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c10' })
  jobId!: string;

  @ApiProperty({ example: 0 })
  taskIndex!: number;

  @ApiProperty({ example: 'chat' })
  kind!: string;

  @ApiProperty({ example: 'default' })
  queue!: string;

  /** Only ever grows. */
  @ApiProperty({ example: 1 })
  attempt!: number;

  /** For the header `Foreman-Lease` of every call about this task. */
  @ApiProperty({ example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c12' })
  leaseToken!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:01:00.000Z' })
  leaseExpiresAt!: string;

  @ApiProperty({ example: 60 })
  leaseSeconds!: number;

  /** This attempt's longest run; null: no limit. */
  @ApiProperty({ type: Number, nullable: true, example: null })
  timeoutSeconds!: number | null;

  /** How often to call. */
  @ApiProperty({ example: 20 })
  heartbeatSeconds!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  serverTime!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { model: 'llama3.2' } })
  payload!: Record<string, unknown>;

  @ApiProperty({ type: [ArtifactObjectDto], example: [] })
  inputs!: ArtifactObjectDto[];

  @ApiProperty({ type: ResumeDto, nullable: true })
  resume!: ResumeDto | null;
}

export class LeasedTasksDto {
  @ApiProperty({ type: [LeasedTaskDto] })
  items!: LeasedTaskDto[];
}

export function leasedTaskDto(leased: LeasedTask, interval: HeartbeatInterval): LeasedTaskDto {
  const { task, resume } = leased;
  return {
    taskId: task.id,
    jobId: task.jobId,
    taskIndex: task.taskIndex,
    kind: task.kind,
    queue: task.queue,
    attempt: task.attempt,
    leaseToken: leased.leaseToken,
    leaseExpiresAt: isoTime(leased.leaseExpiresAt),
    leaseSeconds: task.leaseSeconds,
    timeoutSeconds: task.timeoutSeconds,
    heartbeatSeconds: interval.secondsFor(task.leaseSeconds),
    serverTime: isoTime(leased.serverTime),
    payload: leased.payload,
    inputs: leased.inputs,
    resume: resume && {
      resultCount: resume.resultCount,
      processed: resume.processed,
      total: resume.total,
      status: resume.status,
    },
  };
}
