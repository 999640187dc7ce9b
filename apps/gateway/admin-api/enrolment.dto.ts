import type { Labels } from '@foreman/edges';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';

/** Leave for one machine to enrol. What is named here, the machine cannot choose. */
export class CreateEnrolmentDto {
  /** The edge's name. */
  @ApiPropertyOptional({ example: 'workshop-1' })
  @IsOptional()
  @IsString()
  name?: string;

  /** The kinds that it may run. */
  @ApiPropertyOptional({ type: [String], example: ['chat', 'strategy-search'] })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  kinds?: string[];

  /** Its labels, which a job's `requires` is held against. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { gpu: 'true' },
  })
  @IsOptional()
  @IsObject()
  labels?: Labels;

  /** How long the token may be used, in seconds. */
  @ApiPropertyOptional({ minimum: 1, maximum: 2_592_000, default: 3600 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_592_000)
  ttlSeconds?: number;
}

/** The answer to making an enrolment. */
export class NewEnrolmentDto {
  /** For one machine; shown in this answer only, null when the call repeats an Idempotency-Key. */
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'fmn_5b1d2f6a7c11IexampleTokenOf43CharactersAndMore1',
  })
  token!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T02:00:00.000Z' })
  expiresAt!: string;
}
