import type { AttemptEntity, AttemptOutcome, TaskStatus, TaskWithAttempts } from '@foreman/jobs';
import { isoTime, isoTimeOrNull } from '@foreman/kernel';
import { ApiProperty } from '@nestjs/swagger';
import { ErrorDto, ProgressDto, SummaryDto } from './job.dto';

/** One numbered execution of a task. */
export class AttemptDto {
  @ApiProperty({ example: 1 })
  number!: number;

  /** The edge that held it: its id. */
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  edge!: string;

  /** When it was leased. */
  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:01.000Z' })
  started!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  ended!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    enum: ['completed', 'failed', 'timed_out', 'expired', 'released', 'cancelled', 'revoked'],
    example: null,
  })
  outcome!: AttemptOutcome | null;

  @ApiProperty({ type: ErrorDto, nullable: true })
  error!: ErrorDto | null;
}

/** A task of a job. */
export class TaskDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  id!: string;

  @ApiProperty({ example: 0 })
  taskIndex!: number;

  @ApiProperty({
    enum: ['queued', 'leased', 'completed', 'failed', 'cancelled'],
    example: 'leased',
  })
  status!: TaskStatus;

  /** The number of the latest attempt; 0: never leased. */
  @ApiProperty({ example: 1 })
  attempt!: number;

  /** The edge that holds it: its id. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: null })
  edge!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  leaseExpiresAt!: string | null;

  /** Since when it counts as stalled: leased, and it has not advanced for `stallSeconds`. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  stalledAt!: string | null;

  /** When a queued task can be leased. */
  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  availableAt!: string;

  @ApiProperty({ type: ProgressDto })
  progress!: ProgressDto;

  /** Free counters of the executor. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' }, example: {} })
  counters!: Record<string, number>;

  /** Rows that count. */
  @ApiProperty({ example: 480 })
  resultCount!: number;

  @ApiProperty({ type: String, nullable: true, example: null })
  resultFolder!: string | null;

  @ApiProperty({ type: SummaryDto, nullable: true })
  summary!: SummaryDto | null;

  @ApiProperty({ type: ErrorDto, nullable: true })
  error!: ErrorDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  finalizedAt!: string | null;

  @ApiProperty({ type: [AttemptDto] })
  attempts!: AttemptDto[];
}

export function taskDto({ task, attempts, pace }: TaskWithAttempts): TaskDto {
  return {
    id: task.id,
    taskIndex: task.taskIndex,
    status: task.status,
    attempt: task.attempt,
    edge: task.leaseEdgeId,
    leaseExpiresAt: isoTimeOrNull(task.leaseExpiresAt),
    stalledAt: isoTimeOrNull(task.stalledAt),
    availableAt: isoTime(task.availableAt),
    progress: {
      processed: task.processed,
      total: task.total,
      status: task.progressStatus,
      ratePerSecond: pace.ratePerSecond,
      etaSeconds: pace.etaSeconds,
    },
    counters: task.progressCounters ?? {},
    resultCount: task.resultCount,
    resultFolder: task.resultFolder,
    summary: task.summary,
    error: errorDto(task),
    finalizedAt: isoTimeOrNull(task.finalizedAt),
    attempts: attempts.map(attemptDto),
  };
}

function attemptDto(attempt: AttemptEntity): AttemptDto {
  return {
    number: attempt.number,
    edge: attempt.edgeId,
    started: isoTime(attempt.leasedAt),
    ended: isoTimeOrNull(attempt.endedAt),
    outcome: attempt.outcome,
    error: errorDto(attempt),
  };
}

function errorDto(row: { errorCode: string | null; errorMessage: string | null }): ErrorDto | null {
  return row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' };
}
