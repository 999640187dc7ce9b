import type { InputRecord } from '@foreman/artifacts';
import { isoTime, isoTimeOrNull } from '@foreman/kernel';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

const SHA256 = '93a23971a914e5eacbf0a8d25154cda309c3c1c72fbb9914d47c60f3cb681588';

/** What is to be uploaded. */
export class CreateInputDto {
  /** Told to the edges that read it. */
  @ApiProperty({ example: 'application/json' })
  @IsString()
  contentType!: string;

  /** In bytes; other bytes are refused. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, example: 1048576 })
  @IsOptional()
  @IsInt()
  @Min(0)
  size?: number;

  /** Hex; other bytes are refused. */
  @ApiPropertyOptional({ example: SHA256 })
  @IsOptional()
  @IsString()
  @Matches(/^[0-9a-fA-F]{64}$/, { message: 'sha256 must be 64 hex digits' })
  sha256?: string;

  /** How long it is kept while no job names it; counted anew once its bytes have come. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 31_536_000, example: 86400 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(31_536_000)
  ttlSeconds?: number;
}

/** Bytes that jobs can name. */
export class InputDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c13' })
  id!: string;

  @ApiProperty({ example: 'application/json' })
  contentType!: string;

  /** Stored bytes; before they have come, what was announced, or null. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1048576 })
  size!: number | null;

  /** Hex SHA-256; before the bytes have come, what was announced, or null. */
  @ApiProperty({ type: String, nullable: true, example: SHA256 })
  sha256!: string | null;

  /** Where its bytes are put. */
  @ApiProperty({ example: 'https://foreman.example/inputs/01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c13' })
  url!: string;

  /** Whether a job names it: then it stays, whatever its time. */
  @ApiProperty({ example: false })
  inUse!: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;

  /** Null: its bytes have not come yet, and no job can name it. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  storedAt!: string | null;

  /** When it goes, unless a job names it then. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T01:00:00.000Z' })
  expiresAt!: string;
}

export function inputDto(input: InputRecord, url: string): InputDto {
  return {
    id: input.id,
    contentType: input.contentType,
    size: input.size,
    sha256: input.sha256,
    url,
    inUse: input.isHeld,
    createdAt: isoTime(input.createdAt),
    storedAt: isoTimeOrNull(input.storedAt),
    expiresAt: isoTime(input.expiresAt),
  };
}
