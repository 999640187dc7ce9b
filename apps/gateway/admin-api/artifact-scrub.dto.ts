import { ApiProperty } from '@nestjs/swagger';

/** Stored bytes that are not what came. */
export class CorruptBytesDto {
  /** Of an artifact; null for an input. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'equity.csv' })
  name!: string | null;

  /** Of an input, the first that has these bytes; null for an artifact. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  inputId!: string | null;

  @ApiProperty({ example: 8_388_608 })
  size!: number;

  @ApiProperty({ description: 'SHA-256 of what came, lower-case hex' })
  expectedSha256!: string;

  /** Of what is stored; null when bytes are missing. */
  @ApiProperty({ type: String, nullable: true })
  foundSha256!: string | null;

  @ApiProperty({ format: 'date-time' })
  foundAt!: string;
}

export class ArtifactScrubDto {
  /** `waiting`: a pass was cut off, and goes on with the next start of the gateway or the next call. */
  @ApiProperty({ enum: ['idle', 'running', 'waiting'], example: 'running' })
  status!: 'idle' | 'running' | 'waiting';

  /** Of the present pass, else of the last one. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  startedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;

  /** Blobs, of artifacts and inputs, that the pass has read; counted some hundred at a time. */
  @ApiProperty({ example: 1200 })
  checked!: number;

  @ApiProperty({ example: 734_003_200 })
  checkedBytes!: number;

  /** Of them, those whose bytes are not what came. */
  @ApiProperty({ example: 0 })
  corrupt!: number;

  /** Of them, those that the store could not read; the log says why. */
  @ApiProperty({ example: 0 })
  unreadable!: number;

  /** What is corrupt by now, the latest found first; at most 100. */
  @ApiProperty({ type: () => [CorruptBytesDto] })
  corruptItems!: CorruptBytesDto[];
}
