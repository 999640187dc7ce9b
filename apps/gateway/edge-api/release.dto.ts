import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
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

/**
 * A signed manifest. An edge verifies the signature by keys that it has from its own operator, then fetches
 * the package, and compares its size and digest.
 */
export class SignedReleaseDto {
  @ApiProperty({ example: '1.4.0' })
  version!: string;

  @ApiProperty({ example: 'stable' })
  channel!: string;

  /** Or `any`. */
  @ApiProperty({ example: 'linux-x64' })
  platform!: string;

  @ApiProperty({ example: 'https://downloads.example/agent-1.4.0.tgz' })
  url!: string;

  /** Bytes of the package. */
  @ApiProperty({ example: 3 })
  size!: number;

  @ApiProperty({ example: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' })
  sha256!: string;

  /** Ed25519, base64. */
  @ApiProperty({
    example:
      '6wM9j7dBrcWmJGALmAf7VNtnBzSCvoS0d6s1QPrVoAx42kjcAmfFyOJWFj2zCfIRJSx56saBMEsn0ASWCUg2Bg==',
  })
  signature!: string;
}
