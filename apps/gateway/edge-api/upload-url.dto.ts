import { MAX_URL_SECONDS } from '@foreman/artifacts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

/** What will be uploaded. */
export class IssueUploadUrlDto {
  @ApiProperty({ example: 'text/csv' })
  @IsString()
  @MaxLength(200)
  contentType!: string;

  /** Bytes: neither more nor less are taken. */
  @ApiProperty({ minimum: 0, example: 1048576 })
  @IsInt()
  @Min(0)
  size!: number;

  /** Hex; given, bytes of another digest are refused. */
  @ApiPropertyOptional({
    example: '93a23971a914e5eacbf0a8d25154cda309c3c1c72fbb9914d47c60f3cb681588',
  })
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/i, { message: 'sha256 must be 64 hexadecimal digits' })
  sha256?: string;

  /** Left out: an hour. It never outlives the lease. */
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_URL_SECONDS, default: 3600, example: 3600 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_URL_SECONDS)
  expiresSeconds?: number;
}

/** A URL by which these bytes are uploaded without a bearer token while the lease lives. A secret. */
export class UploadUrlDto {
  @ApiProperty({
    format: 'uri',
    example: 'http://127.0.0.1:8080/signed/tasks/…/artifacts/equity.csv?expires=…&signature=…',
  })
  url!: string;

  @ApiProperty({ enum: ['PUT'], example: 'PUT' })
  method!: 'PUT';

  /** To be sent with the bytes. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { 'Content-Type': 'text/csv' },
  })
  headers!: Record<string, string>;

  /** From then on it takes nothing; earlier if the lease ends. */
  @ApiProperty({ format: 'date-time', example: '2026-11-22T07:00:00.000Z' })
  expiresAt!: string;
}
