import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsOptional, IsString, MaxLength } from 'class-validator';

const MAX_METRICS = 20;
/** Room for any name that a row of 64 KiB is likely to have. */
const MAX_NAME = 2000;

export class ResultIdsQueryDto {
  /** A metric to tell beside each id, such as `sharpe`; may be given more than once. */
  @ApiPropertyOptional({ type: String, isArray: true, maxItems: MAX_METRICS, example: ['sharpe'] })
  @IsOptional()
  @Transform(({ value }: { readonly value: unknown }) => (Array.isArray(value) ? value : [value]))
  @ArrayMaxSize(MAX_METRICS)
  @IsString({ each: true })
  @MaxLength(MAX_NAME, { each: true })
  metrics?: string[];
}

/** One line of the answer. */
export class ResultIdDto {
  @ApiProperty({ example: 'fast=10;slow=50' })
  configId!: string;

  /** Only when metrics were asked for: those of them that the row has. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: {
      oneOf: [{ type: 'number' }, { type: 'boolean' }],
      nullable: true,
    },
    example: { sharpe: 0.61 },
  })
  metrics?: Record<string, number | boolean | null>;
}
