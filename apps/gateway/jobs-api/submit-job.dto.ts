import { JOB_STATUSES, type JobStatus } from '@foreman/jobs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { PageQueryDto } from '../http/page.dto';
import { IsTime } from '../http/time-field';

const TEXT_MAP = { type: 'object', additionalProperties: { type: 'string' } } as const;

/** An input, under a name that the edge knows it by. */
export class NamedInputDto {
  /** As an artifact's: 1 to 120 of `A-Z a-z 0-9 . _ -`. */
  @ApiProperty({ example: 'prices' })
  @IsString()
  name!: string;

  /** Of an input whose bytes have come. */
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c13' })
  @IsString()
  inputId!: string;
}

/** One task of a job. */
export class SubmitTaskDto {
  /** Laid over the job's payload, field by field. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { symbol: 'SPX' } })
  @IsOptional()
  @IsObject()
  payload?: Record<string, unknown>;

  /** The edge that alone may lease this task: its id or name. */
  @ApiPropertyOptional({ example: 'workshop-1' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  assignTo?: string;

  /** Labels that its edge must have, besides the job's. */
  @ApiPropertyOptional({ ...TEXT_MAP, example: { gpu: 'true' } })
  @IsOptional()
  @IsObject()
  requires?: Record<string, string>;

  /** Besides the job's; one of the same name takes the place of that one. */
  @ApiPropertyOptional({ type: [NamedInputDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => NamedInputDto)
  inputs?: NamedInputDto[];
}

/** Where the job's end is announced. */
export class SubmitWebhookDto {
  /** `https`, or `http` where the operator allows it. */
  @ApiProperty({ example: 'https://example.com/hooks/foreman' })
  @IsString()
  @MaxLength(2000)
  url!: string;

  /** `whsec_` and base64 of 24 to 64 bytes; left out, one is made and shown in this answer only. */
  @ApiPropertyOptional({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  secret?: string;

  /** Left out: the three ends of a job. */
  @ApiPropertyOptional({
    isArray: true,
    enum: ['job.started', 'job.completed', 'job.failed', 'job.cancelled'],
    example: ['job.completed', 'job.failed'],
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10)
  @IsString({ each: true })
  events?: string[];

  /** `true`: URLs of artifacts in its bodies work without a bearer token, for 3.5 to 7 days. */
  @ApiPropertyOptional({ default: false, example: false })
  @IsOptional()
  @IsBoolean()
  signedUrls?: boolean;
}

/** A job to be done. */
export class SubmitJobDto {
  /** What an edge must be able to run. */
  @ApiProperty({ example: 'chat' })
  @IsString()
  kind!: string;

  /** The input. Known kinds (`chat`, `strategy-search`) have theirs checked. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { model: 'llama3.2', messages: [{ role: 'user', content: 'Why is the sky blue?' }] },
  })
  @IsOptional()
  @IsObject()
  payload?: Record<string, unknown>;

  /** 1 to 1000; left out: one task with the job's payload. */
  @ApiPropertyOptional({ type: [SubmitTaskDto] })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  @Type(() => SubmitTaskDto)
  tasks?: SubmitTaskDto[];

  /** Uploaded before (`POST /inputs`); every task gets them. */
  @ApiPropertyOptional({ type: [NamedInputDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => NamedInputDto)
  inputs?: NamedInputDto[];

  @ApiPropertyOptional({ default: 'default', example: 'default' })
  @IsOptional()
  @IsString()
  queue?: string;

  /** Higher first, then oldest, within a queue. */
  @ApiPropertyOptional({ minimum: -100, maximum: 100, default: 0, example: 0 })
  @IsOptional()
  @IsInt()
  priority?: number;

  /** Not leased before. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-22T06:00:00.000Z' })
  @IsOptional()
  @IsTime()
  runAt?: string;

  /** A task that was never leased by then fails with `job.not_started`. */
  @ApiPropertyOptional({ minimum: 1, example: 3600 })
  @IsOptional()
  @IsInt()
  startBySeconds?: number;

  /** The edge that alone may lease the tasks: its id or name. */
  @ApiPropertyOptional({ example: 'workshop-1' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  assignTo?: string;

  /** Labels an edge must have. */
  @ApiPropertyOptional({ ...TEXT_MAP, example: { gpu: 'true' } })
  @IsOptional()
  @IsObject()
  requires?: Record<string, string>;

  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 3, example: 3 })
  @IsOptional()
  @IsInt()
  maxAttempts?: number;

  @ApiPropertyOptional({ minimum: 5, maximum: 3600, default: 60, example: 60 })
  @IsOptional()
  @IsInt()
  leaseSeconds?: number;

  /** One attempt's longest run; left out: no limit. */
  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 1, example: 900 })
  @IsOptional()
  @IsInt()
  timeoutSeconds?: number | null;

  /** A task has stalled when its counters stood still, and no new row came, for so long; left out: never. */
  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 1, example: 300 })
  @IsOptional()
  @IsInt()
  stallSeconds?: number | null;

  /** `fail`: a stall ends the attempt with `task.stalled`. `mark`: it is only shown. */
  @ApiPropertyOptional({ enum: ['mark', 'fail'], default: 'mark', example: 'mark' })
  @IsOptional()
  @IsIn(['mark', 'fail'])
  onStall?: 'mark' | 'fail';

  /** How long the job is kept after it was finalized. */
  @ApiPropertyOptional({ minimum: 0, example: 604800 })
  @IsOptional()
  @IsInt()
  ttlSeconds?: number;

  @ApiPropertyOptional({ type: SubmitWebhookDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => SubmitWebhookDto)
  webhook?: SubmitWebhookDto;

  /** Strings of your own, at most 4 KiB. */
  @ApiPropertyOptional({ ...TEXT_MAP, example: { team: 'research' } })
  @IsOptional()
  @IsObject()
  metadata?: Record<string, string>;

  /** `continue`: the other tasks go on when one fails for good. */
  @ApiPropertyOptional({ enum: ['fail', 'continue'], default: 'fail', example: 'fail' })
  @IsOptional()
  @IsIn(['fail', 'continue'])
  onTaskFailure?: 'fail' | 'continue';
}

/** Several jobs, all or none. */
export class SubmitBatchDto {
  @ApiProperty({ type: [SubmitJobDto] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  @Type(() => SubmitJobDto)
  jobs!: SubmitJobDto[];
}

/** Which jobs a list holds. */
export class ListJobsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: JOB_STATUSES })
  @IsOptional()
  @IsIn(JOB_STATUSES)
  status?: JobStatus;

  @ApiPropertyOptional({ example: 'chat' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  kind?: string;

  @ApiPropertyOptional({ example: 'default' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  queue?: string;

  /** Jobs of which this edge has held a task: its id, or the name that it has, or had before it was revoked. */
  @ApiPropertyOptional({ example: 'workshop-1' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  edge?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsTime()
  createdAfter?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsTime()
  createdBefore?: string;
}
