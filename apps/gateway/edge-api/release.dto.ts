import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

/** Which release an edge asks for. */
export class ReleaseQueryDto {
  @ApiPropertyOptional({ example: 'stable' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  channel?: string;

  @ApiPropertyOptional({ example: 'linux-x64' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  platform?: string;
}
