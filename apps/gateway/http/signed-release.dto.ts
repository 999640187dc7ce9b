import { ApiProperty } from '@nestjs/swagger';

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
