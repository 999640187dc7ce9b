import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQueryDto } from '../http/page.dto';

export class ListResultsQueryDto extends PageQueryDto {
  /** `metrics.<name>`; left out: in the order of arrival. */
  @ApiPropertyOptional({ example: 'metrics.sharpe' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  sort?: string;

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc' })
  @IsOptional()
  @IsIn(['asc', 'desc'])
  order?: 'asc' | 'desc';
}

/** One strategy config with its metrics. */
export class ResultRowDto {
  @ApiProperty({ example: 0 })
  taskIndex!: number;

  @ApiProperty({ example: 'fast=10;slow=50' })
  configId!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { fast: 10, slow: 50 } })
  config!: Record<string, unknown>;

  /** Numbers, booleans or null. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { sharpe: 0.61 } })
  metrics!: Record<string, unknown>;
}
