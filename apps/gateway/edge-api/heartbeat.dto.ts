import type { DesiredState } from '@foreman/edges';
import { HEARTBEAT_TASKS_LIMIT, PROGRESS_STATUS_LIMIT } from '@foreman/progress';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsString,
  Min,
  ValidateNested,
} from 'class-validator';
import { SignedReleaseDto } from '../http/signed-release.dto';
import { cutTo } from './cut-to';
import { MayBeLeftOut } from './left-out';

/** Longer ones are cut: what an agent calls itself must not cost it its leases. */
const AGENT_VERSION_LIMIT = 100;

/** How far a task has come; fields that are left out keep their last values. */
export class HeartbeatDto {
  /** False: held, but not begun. Anything else proves that the work has begun. */
  @ApiPropertyOptional({ default: true, example: true })
  @MayBeLeftOut()
  @IsBoolean()
  started?: boolean;

  @ApiPropertyOptional({ minimum: 0, example: 120 })
  @MayBeLeftOut()
  @IsInt()
  @Min(0)
  processed?: number;

  @ApiPropertyOptional({ minimum: 0, example: 480 })
  @MayBeLeftOut()
  @IsInt()
  @Min(0)
  total?: number;

  /** Cut at 200 characters. */
  @ApiPropertyOptional({ maxLength: PROGRESS_STATUS_LIMIT, example: 'evaluating' })
  @MayBeLeftOut()
  @Transform(cutTo(PROGRESS_STATUS_LIMIT))
  @IsString()
  status?: string;

  /** Free numbers of the executor. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'number' },
    example: { skipped: 3 },
  })
  @MayBeLeftOut()
  @IsObject()
  counters?: Record<string, number>;

  /** Grows with each heartbeat of the lease: one that is no larger than the last known extends the lease only. */
  @ApiPropertyOptional({ minimum: 0, example: 17 })
  @MayBeLeftOut()
  @IsInt()
  @Min(0)
  sequence?: number;
}

/**
 * One of many. Only its ids are judged here: a bad field is left out by `Heartbeats` and told, so that
 * it does not cost the edge its other leases.
 */
export class HeartbeatOfTaskDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  @IsString()
  taskId!: string;

  @ApiProperty({ example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c12' })
  @IsString()
  leaseToken!: string;

  /** False: held, but not begun. Anything else proves that the work has begun. */
  @ApiPropertyOptional({ type: Boolean, default: true, example: true })
  @Allow()
  started?: unknown;

  @ApiPropertyOptional({ type: Number, minimum: 0, example: 120 })
  @Allow()
  processed?: unknown;

  @ApiPropertyOptional({ type: Number, minimum: 0, example: 480 })
  @Allow()
  total?: unknown;

  /** Cut at 200 characters. */
  @ApiPropertyOptional({ type: String, maxLength: PROGRESS_STATUS_LIMIT, example: 'evaluating' })
  @Transform(cutTo(PROGRESS_STATUS_LIMIT))
  @Allow()
  status?: unknown;

  /** Free numbers of the executor. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'number' },
    example: { skipped: 3 },
  })
  @Allow()
  counters?: unknown;

  /** Grows with each heartbeat of the lease: one that is no larger than the last known extends the lease only. */
  @ApiPropertyOptional({ type: Number, minimum: 0, example: 17 })
  @Allow()
  sequence?: unknown;
}

/** All that an edge holds, or nothing. */
export class EdgeHeartbeatDto {
  /** Cut at 100 characters. */
  @ApiPropertyOptional({ example: '0.1.0' })
  @MayBeLeftOut()
  @Transform(cutTo(AGENT_VERSION_LIMIT))
  @IsString()
  agentVersion?: string;

  @ApiProperty({ type: [HeartbeatOfTaskDto] })
  @IsArray()
  @ArrayMaxSize(HEARTBEAT_TASKS_LIMIT)
  @ValidateNested({ each: true })
  @Type(() => HeartbeatOfTaskDto)
  tasks!: HeartbeatOfTaskDto[];
}

const EDGE_STATES = ['run', 'drain', 'stop'];

export class HeartbeatAnswerDto {
  /** Null once the job was cancelled. */
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-22T01:01:00.000Z',
  })
  leaseExpiresAt!: string | null;

  /** `cancel`: stop working on the task. */
  @ApiProperty({ enum: ['continue', 'cancel'], example: 'continue' })
  action!: 'continue' | 'cancel';

  /** What the operator wants of the edge. */
  @ApiProperty({ enum: EDGE_STATES, example: 'run' })
  edge!: DesiredState;

  /** When to call again. */
  @ApiProperty({ example: 20 })
  heartbeatSeconds!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  serverTime!: string;

  /** What to upgrade to; absent when the edge runs that, or says no version. */
  @ApiPropertyOptional({ type: SignedReleaseDto })
  release?: SignedReleaseDto;
}

export class TaskHeartbeatAnswerDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  taskId!: string;

  @ApiProperty({ enum: ['continue', 'cancel', 'lost'], example: 'continue' })
  action!: 'continue' | 'cancel' | 'lost';

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  leaseExpiresAt!: string | null;

  /** Fields of its report that were not as they must be, and were left out; absent when all were good. */
  @ApiPropertyOptional({ type: [String], example: ['processed'] })
  ignored?: string[];
}

export class EdgeHeartbeatAnswerDto {
  @ApiProperty({ enum: EDGE_STATES, example: 'run' })
  edge!: DesiredState;

  @ApiProperty({ example: 20 })
  heartbeatSeconds!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  serverTime!: string;

  /** What to upgrade to; absent when the edge runs that, or says no version. */
  @ApiPropertyOptional({ type: SignedReleaseDto })
  release?: SignedReleaseDto;

  @ApiProperty({ type: [TaskHeartbeatAnswerDto] })
  tasks!: TaskHeartbeatAnswerDto[];
}
