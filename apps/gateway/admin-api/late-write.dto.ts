import { isoTime } from '@foreman/kernel';
import type { LateCall, LateWriteView } from '@foreman/leasing';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQueryDto } from '../http/page.dto';

const LATE_CALLS = ['results', 'complete', 'fail'];

export class ListLateWritesQueryDto extends PageQueryDto {
  /** Those of this job: its id. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  job?: string;

  /** Those that this edge sent: its id, or the name of a registered one. */
  @ApiPropertyOptional({ example: 'workshop-1' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  edge?: string;
}

/** What came under a lease that was over. */
export class LateWriteDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c13' })
  id!: string;

  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c10' })
  jobId!: string;

  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  taskId!: string;

  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c12' })
  edgeId!: string;

  /** The attempt whose lease it came under. */
  @ApiProperty({ example: 1 })
  attempt!: number;

  /** Which call it was. */
  @ApiProperty({ enum: LATE_CALLS, example: 'complete' })
  call!: LateCall;

  /** Of its body as JSON. */
  @ApiProperty({ example: 512 })
  sizeBytes!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;
}

export class LateWriteWithBodyDto extends LateWriteDto {
  /** What the edge sent; streamed rows as `rows`, as if they had come as JSON. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { bestConfigIds: ['fast=10;slow=50'], resultCount: 480 },
  })
  body!: unknown;
}

export function lateWriteDto(write: LateWriteView): LateWriteDto {
  return {
    id: write.id,
    jobId: write.jobId,
    taskId: write.taskId,
    edgeId: write.edgeId,
    attempt: write.attempt,
    call: write.call,
    sizeBytes: write.sizeBytes,
    createdAt: isoTime(write.createdAt),
  };
}
