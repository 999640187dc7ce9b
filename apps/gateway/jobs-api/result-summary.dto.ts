import type { MetricSummary, ResultSummary } from '@foreman/results';
import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';

export class QuantilesDto {
  @ApiProperty({ example: -0.4 })
  p05!: number;

  @ApiProperty({ example: 0.1 })
  p25!: number;

  @ApiProperty({ example: 0.7 })
  p75!: number;

  @ApiProperty({ example: 1.3 })
  p95!: number;
}

/** Of the rows that have a value; `true` is 1, `false` is 0. */
export class MetricSummaryDto {
  /** Rows that have one. */
  @ApiProperty({ example: 480 })
  count!: number;

  @ApiProperty({ example: -1.2 })
  min!: number;

  @ApiProperty({ example: 2.1 })
  max!: number;

  @ApiProperty({ example: 0.42 })
  mean!: number;

  @ApiProperty({ example: 0.4 })
  median!: number;

  /** Exact; between two values linearly (type 7, as in R and NumPy). */
  @ApiProperty({ type: QuantilesDto })
  quantiles!: QuantilesDto;
}

@ApiExtraModels(MetricSummaryDto)
export class ResultSummaryDto {
  /** Rows that meet the conditions. */
  @ApiProperty({ example: 500 })
  count!: number;

  /** By name; those that have a value in one of these rows. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(MetricSummaryDto) },
  })
  metrics!: Record<string, MetricSummaryDto>;

  /** The job has more than 100 metrics: these are of the first 100 by name. */
  @ApiProperty({ example: false })
  metricsTruncated!: boolean;
}

export function resultSummaryDto({ count, metrics, isTruncated }: ResultSummary): ResultSummaryDto {
  const shown = [...metrics].map(([name, summary]) => [name, metricSummaryDto(summary)] as const);
  return { count, metrics: Object.fromEntries(shown), metricsTruncated: isTruncated };
}

function metricSummaryDto(summary: MetricSummary): MetricSummaryDto {
  const { count, min, max, mean, median, quantiles } = summary;
  const { p05, p25, p75, p95 } = quantiles;
  return { count, min, max, mean, median, quantiles: { p05, p25, p75, p95 } };
}
