import { invalidField } from '@foreman/kernel';
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

/** Unknown fields are ignored, as everywhere on the edge face. @throws `request.invalid` */
export function postedRows(body: unknown): Pick<PostResultsDto, 'rows' | 'resultFolder'> {
  const { rows, resultFolder } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(rows)) throw invalidField('rows', 'must be a list');
  if (resultFolder === undefined || resultFolder === null) return { rows };
  if (typeof resultFolder !== 'string') throw invalidField('resultFolder', 'must be a string');
  return { rows, resultFolder };
}
