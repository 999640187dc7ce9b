import { MAX_URL_SECONDS } from '@foreman/artifacts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

/** How long a URL is to work. */
export class IssueDownloadUrlDto {
  /** Left out: an hour. */
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_URL_SECONDS, default: 3600, example: 3600 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_URL_SECONDS)
  expiresSeconds?: number;
}

/** A URL by which these bytes are fetched without a bearer token. Whoever has it has them: a secret. */
export class DownloadUrlDto {
  @ApiProperty({
    format: 'uri',
    example: 'http://127.0.0.1:8080/signed/jobs/…/artifacts/equity.csv?expires=…&signature=…',
  })
  url!: string;

  /** HEAD is answered too. */
  @ApiProperty({ enum: ['GET'], example: 'GET' })
  method!: 'GET';

  /** From then on it opens nothing; earlier if the artifact goes, or other bytes take its place. */
  @ApiProperty({ format: 'date-time', example: '2026-11-22T07:00:00.000Z' })
  expiresAt!: string;
}
