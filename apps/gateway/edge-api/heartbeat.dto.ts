import type { DesiredState } from '@foreman/edges';
import { HEARTBEAT_TASKS_LIMIT } from '@foreman/progress';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { SignedReleaseDto } from '../http/signed-release.dto';

/**
 * How far a task has come; fields that are left out keep their last values. For the documentation: a heartbeat is
 * not refused for its form, `Heartbeats` leaves out what is bad in it and tells.
 */
export class HeartbeatDto {
  /** False: held, but not begun. Anything else proves that the work has begun. */
  @ApiPropertyOptional({ default: true, example: true })
  started?: boolean;

  @ApiPropertyOptional({ minimum: 0, example: 120 })
  processed?: number;

  @ApiPropertyOptional({ minimum: 0, example: 480 })
  total?: number;

  /** Cut at 200 characters. */
  @ApiPropertyOptional({ example: 'evaluating' })
  status?: string;

  /** Free numbers of the executor. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'number' },
    example: { skipped: 3 },
  })
  counters?: Record<string, number>;

  /** Grows with each heartbeat of the lease: one that is no larger than the last known extends the lease only. */
  @ApiPropertyOptional({ minimum: 0, example: 17 })
  sequence?: number;
}

/** One of many. */
export class HeartbeatOfTaskDto extends HeartbeatDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  taskId!: string;

  @ApiProperty({ example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c12' })
  leaseToken!: string;
}

/** All that an edge holds, or nothing. */
export class EdgeHeartbeatDto {
  /** Cut at 100 characters. */
  @ApiPropertyOptional({ example: '0.1.0' })
  agentVersion?: string;

  @ApiProperty({ type: [HeartbeatOfTaskDto], maxItems: HEARTBEAT_TASKS_LIMIT })
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

  /** Fields that were not as they must be, and were left out; absent when all were good. */
  @ApiPropertyOptional({ type: [String], example: ['processed'] })
  ignored?: string[];
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
