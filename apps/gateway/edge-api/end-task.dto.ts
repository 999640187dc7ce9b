import { JOB_STATUSES, type JobStatus } from '@foreman/jobs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type, type TransformFnParams } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { LeasedTaskDto } from './lease.dto';
import { MayBeLeftOut } from './left-out';

/** Either inline, with its type and value, or named with the digest of what was uploaded. */
export class CompletionArtifactDto {
  @ApiProperty({ example: 'completion' })
  @IsString()
  @MaxLength(200)
  name!: string;

  /** For an inline artifact. */
  @ApiPropertyOptional({ example: 'application/json' })
  @ValidateIf((artifact: CompletionArtifactDto) => artifact.sha256 === undefined)
  @IsString()
  @MaxLength(255)
  content_type?: string;

  /** A JSON type's value, or text. */
  @ApiPropertyOptional({ anyOf: [{}], example: { answer: 42 } })
  @IsOptional()
  inline?: unknown;

  /** For an uploaded artifact: hex SHA-256. */
  @ApiPropertyOptional({
    example: '93a23971a914e5eacbf0a8d25154cda309c3c1c72fbb9914d47c60f3cb681588',
  })
  @MayBeLeftOut()
  @Matches(/^[0-9a-fA-F]{64}$/, { message: 'sha256 must be 64 hex digits' })
  sha256?: string;
}

function countOrNothing({ value }: TransformFnParams): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? (value as number) : undefined;
}

/** The compact completion. */
export class CompleteTaskDto {
  @ApiPropertyOptional({ type: [String], example: ['fast=10;slow=50'] })
  @MayBeLeftOut()
  @IsArray()
  @ArrayMaxSize(1000)
  @IsString({ each: true })
  bestConfigIds?: string[];

  /** What is no whole number from 0 on is as if left out: work that is done is not lost over it. */
  @ApiPropertyOptional({ minimum: 0, example: 480 })
  @Transform(countOrNothing)
  @Allow()
  processedCount?: number;

  /** What is no whole number from 0 on is as if left out. */
  @ApiPropertyOptional({ minimum: 0, example: 480 })
  @Transform(countOrNothing)
  @Allow()
  totalCount?: number;

  /** How many rows the edge posted: refused when another number is stored. */
  @ApiPropertyOptional({ minimum: 0, example: 480 })
  @MayBeLeftOut()
  @IsInt()
  @Min(0)
  resultCount?: number;

  @ApiPropertyOptional({ type: [CompletionArtifactDto] })
  @MayBeLeftOut()
  @IsArray()
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  @Type(() => CompletionArtifactDto)
  artifacts?: CompletionArtifactDto[];
}

export class CompletedTaskDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  taskId!: string;

  @ApiProperty({ enum: ['completed'], example: 'completed' })
  status!: 'completed';

  @ApiProperty({ enum: JOB_STATUSES, example: 'running' })
  jobStatus!: JobStatus;

  /** With `?next=true`: the next leased task, if there was one. */
  @ApiProperty({ type: LeasedTaskDto, nullable: true })
  next!: LeasedTaskDto | null;
}

/** For the documentation: a failure is not refused for its form, `HandBack` makes it fit. */
export class FailTaskDto {
  /** 1 to 100 of `A-Z a-z 0-9 . _ -`; another one is made to fit, and kept before the message. */
  @ApiProperty({ example: 'model.missing' })
  code!: string;

  /** Cut at 2000 characters. */
  @ApiProperty({ example: 'The model llama3.2 is not installed.' })
  message!: string;

  /** False: the task fails for good, whatever attempts remain. */
  @ApiPropertyOptional({ default: true, example: true })
  retryable?: boolean;

  /** Wait before the next attempt, at most a day; left out: a backoff. */
  @ApiPropertyOptional({ minimum: 0, maximum: 86_400, example: 30 })
  retryAfterSeconds?: number;

  /** Publish what was uploaded (logs, say) if the failure is final. */
  @ApiPropertyOptional({ default: false, example: false })
  keepArtifacts?: boolean;
}

export class FailedTaskDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  taskId!: string;

  @ApiProperty({ enum: ['queued', 'failed'], example: 'queued' })
  status!: 'queued' | 'failed';

  /** When it can be leased again; null: it has failed. */
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-22T01:00:02.000Z',
  })
  availableAt!: string | null;
}

export class ReleasedTaskDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  taskId!: string;

  @ApiProperty({ enum: ['queued'], example: 'queued' })
  status!: 'queued';
}
