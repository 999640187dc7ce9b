import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { MayBeLeftOut } from './left-out';

/** Which release an edge asks for. */
export class ReleaseQueryDto {
  /** Default: the edge's label `channel`, else `stable`. */
  @ApiPropertyOptional({ example: 'stable' })
  @MayBeLeftOut()
  @IsString()
  @MaxLength(100)
  channel?: string;

  /** Default: the one that the edge enrolled with. */
  @ApiPropertyOptional({ example: 'linux-x64' })
  @MayBeLeftOut()
  @IsString()
  @MaxLength(100)
  platform?: string;
}
