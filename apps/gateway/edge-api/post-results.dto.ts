import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class PostedRowDto {
  /** The row's key within its task: a repeat replaces. */
  @ApiProperty({ example: 'fast=10;slow=50' })
  configId!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { fast: 10, slow: 50 } })
  config!: Record<string, unknown>;

  /** Numbers, booleans or null. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { sharpe: 0.61 } })
  metrics!: Record<string, unknown>;
}

/** Result rows, 1 to 5000. Checked by @foreman/results row by row, not by the validation library: there are many. */
export class PostResultsDto {
  @ApiProperty({ type: [PostedRowDto] })
  rows!: unknown[];

  /** A relative path that the edge keeps its own files under. */
  @ApiPropertyOptional({ example: 'runs/2026-11-22' })
  resultFolder?: string;
}

export class IngestedDto {
  /** Rows of this call. */
  @ApiProperty({ example: 500 })
  received!: number;

  /** This task's rows that count now. */
  @ApiProperty({ example: 1500 })
  stored!: number;
}
