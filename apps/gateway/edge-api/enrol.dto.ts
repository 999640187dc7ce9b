import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsArray, IsObject, IsString, MaxLength } from 'class-validator';
import { MayBeLeftOut } from './left-out';

/** What a machine says of itself. */
export class EnrolDto {
  /** Unique among the registered edges; the enrolment may fix another. */
  @ApiProperty({ example: 'workshop-1' })
  @IsString()
  name!: string;

  /** What it can run. */
  @ApiProperty({ type: [String], example: ['chat', 'strategy-search'] })
  @IsArray()
  @IsString({ each: true })
  kinds!: string[];

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { gpu: 'true' },
  })
  @MayBeLeftOut()
  @IsObject()
  labels?: Record<string, string>;

  @ApiPropertyOptional({ example: '0.1.0' })
  @MayBeLeftOut()
  @IsString()
  @MaxLength(100)
  agentVersion?: string;

  @ApiPropertyOptional({ example: 'linux-x64' })
  @MayBeLeftOut()
  @IsString()
  @MaxLength(100)
  platform?: string;
}

export class EnrolledDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  edgeId!: string;

  /** The edge's bearer token; shown in this answer only. */
  @ApiProperty({ example: 'fme_5b1d2f6a7c11IexampleTokenOf43CharactersAndMore1' })
  token!: string;

  /** How often to call. */
  @ApiProperty({ example: 20 })
  heartbeatSeconds!: number;
}
