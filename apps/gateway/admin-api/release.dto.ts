import { isoTime } from '@foreman/kernel';
import type { ReleaseEntity } from '@foreman/releases';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { SignedReleaseDto } from '../http/signed-release.dto';

/** A signed manifest of an upgrade package. The signature covers all fields but itself and `notes`. */
export class PublishReleaseDto {
  /** A semantic version, without build metadata. */
  @ApiProperty({ example: '1.4.0' })
  @IsString()
  version!: string;

  /** Offered to edges whose label `channel` is this; `stable` to those without one. */
  @ApiProperty({ example: 'stable' })
  @IsString()
  channel!: string;

  /** `<os>-<architecture>` as edges name theirs, or `any`. */
  @ApiProperty({ example: 'linux-x64' })
  @IsString()
  platform!: string;

  /** Where edges fetch the package; https. */
  @ApiProperty({ example: 'https://downloads.example/agent-1.4.0.tgz' })
  @IsString()
  url!: string;

  /** Bytes of the package. */
  @ApiProperty({ minimum: 1, example: 3 })
  @IsInt()
  size!: number;

  /** Of the package, lower-case hex. */
  @ApiProperty({ example: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' })
  @IsString()
  sha256!: string;

  /** Ed25519, base64, by one of FOREMAN_RELEASE_PUBLIC_KEYS. */
  @ApiProperty({
    example:
      '6wM9j7dBrcWmJGALmAf7VNtnBzSCvoS0d6s1QPrVoAx42kjcAmfFyOJWFj2zCfIRJSx56saBMEsn0ASWCUg2Bg==',
  })
  @IsString()
  signature!: string;

  /** For people, at most 4 KiB; edges are not told. */
  @ApiPropertyOptional({ example: 'Fixes a leak of file handles.' })
  @IsOptional()
  @IsString()
  notes?: string;
}

/** A published release. */
export class ReleaseDto extends SignedReleaseDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  id!: string;

  /** Which key has signed it: the first 16 hex digits of the raw public key's SHA-256. */
  @ApiProperty({ example: '21fe31dfa154a261' })
  keyId!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Fixes a leak of file handles.' })
  notes!: string | null;

  /** Offered to no edge until it is resumed. */
  @ApiProperty({ example: false })
  isHalted!: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;
}

export function releaseDto(release: ReleaseEntity): ReleaseDto {
  return {
    id: release.id,
    version: release.version,
    channel: release.channel,
    platform: release.platform,
    url: release.url,
    size: release.size,
    sha256: release.sha256,
    signature: release.signature,
    keyId: release.keyId,
    notes: release.notes,
    isHalted: release.isHalted,
    createdAt: isoTime(release.createdAt),
  };
}
