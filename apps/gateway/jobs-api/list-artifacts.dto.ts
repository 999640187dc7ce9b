import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQueryDto } from '../http/page.dto';

/** A name's 120 characters, and a task's index with its dot. */
const MAX_PREFIX = 130;

export class ListArtifactsQueryDto extends PageQueryDto {
  /** Only artifacts whose names begin so: `<resultFolder>.`, or `<taskIndex>.` in a job of many tasks. */
  @ApiPropertyOptional({ maxLength: MAX_PREFIX, example: 'equity.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_PREFIX)
  prefix?: string;
}
