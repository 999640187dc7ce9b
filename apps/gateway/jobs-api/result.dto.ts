import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQueryDto } from '../http/page.dto';

const MAX_CONDITIONS = 20;
/** Room for a name or an id written as a JSON string. */
const MAX_TEXT = 2000;

/** A parameter that may be given more than once. */
function asList({ value }: { readonly value: unknown }): unknown {
  return value === undefined || Array.isArray(value) ? value : [value];
}

const WHERE = {
  type: String,
  isArray: true,
  maxItems: MAX_CONDITIONS,
  example: ['metrics.trades>=30', 'metrics.won=true'],
  description:
    'A condition; given more than once, all have to be met. `metrics.<name>` with `>=`, `<=`, `>`, `<`, `=` or `!=` and a number, `true` or `false` (which are 1 and 0); with `=` or `!=` and `null`; `configId=<text>`; `taskIndex=<n>`. A name with spaces, quotes or any of `<>=!` is a JSON string: `metrics."max loss"<0.2`. A row without a value meets `=null` and no other condition on it.',
} as const;

export class SummaryQueryDto {
  @ApiPropertyOptional(WHERE)
  @IsOptional()
  @Transform(asList)
  @ArrayMaxSize(MAX_CONDITIONS)
  @IsString({ each: true })
  @MaxLength(MAX_TEXT, { each: true })
  where?: string[];
}

export class ListResultsQueryDto extends PageQueryDto {
  /** `metrics.<name>`, the name plain or a JSON string; left out: in the order of arrival. */
  @ApiPropertyOptional({ example: 'metrics.sharpe' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  sort?: string;

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc' })
  @IsOptional()
  @IsIn(['asc', 'desc'])
  order?: 'asc' | 'desc';

  @ApiPropertyOptional(WHERE)
  @IsOptional()
  @Transform(asList)
  @ArrayMaxSize(MAX_CONDITIONS)
  @IsString({ each: true })
  @MaxLength(MAX_TEXT, { each: true })
  where?: string[];

  /**
   * What to show of a row, separated by commas: `taskIndex`, `configId`, `config`, `metrics`,
   * `config.<name>`, `metrics.<name>`; a name with a comma is a JSON string. Left out: everything.
   */
  @ApiPropertyOptional({ example: 'configId,metrics.sharpe,config.fast' })
  @IsOptional()
  @IsString()
  @MaxLength(8 * MAX_TEXT)
  fields?: string;
}

/** One strategy config with its metrics. With `fields`, only what they name is there. */
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
