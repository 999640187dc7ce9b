import { DESIRED_STATES, type DesiredState, type EdgeEntity, type Labels } from '@foreman/edges';
import { isoTime, isoTimeOrNull } from '@foreman/kernel';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsObject, IsOptional, Min, ValidateIf } from 'class-validator';

/** A registered machine. */
export class EdgeDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  id!: string;

  @ApiProperty({ example: 'workshop-1' })
  name!: string;

  /** What it can run. */
  @ApiProperty({ type: [String], example: ['chat', 'strategy-search'] })
  kinds!: string[];

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { gpu: 'true' },
  })
  labels!: Labels;

  /** What the operator wants of it. */
  @ApiProperty({ enum: DESIRED_STATES, example: 'run' })
  desired!: DesiredState;

  /** How many tasks it may hold at once; null: no limit. */
  @ApiProperty({ type: Number, nullable: true, example: null })
  maxLeases!: number | null;

  @ApiProperty({ type: String, nullable: true, example: '0.1.0' })
  agentVersion!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'linux-x64' })
  platform!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;

  /** Its latest call, to within some seconds; null: none yet. */
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-22T01:00:20.000Z',
  })
  lastSeenAt!: string | null;

  /** Since when its token opens nothing; null while it is registered. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt!: string | null;
}

/** What may be changed; a field that is left out stays as it is. */
export class ChangeEdgeDto {
  /** `drain`: no new leases, finish what runs; `stop`: finish or hand back, then exit. */
  @ApiPropertyOptional({ enum: DESIRED_STATES, example: 'drain' })
  @IsOptional()
  @IsIn(DESIRED_STATES)
  desired?: DesiredState;

  /** All its labels from here on. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { gpu: 'true' },
  })
  @IsOptional()
  @IsObject()
  labels?: Labels;

  /** How many tasks it may hold at once; null: no limit. */
  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 1, example: 4 })
  @ValidateIf((body: ChangeEdgeDto) => body.maxLeases !== undefined && body.maxLeases !== null)
  @IsInt()
  @Min(1)
  maxLeases?: number | null;
}

/** A new token of an edge. */
export class RotatedTokenDto {
  /** Shown in this answer only. The old one dies when this one is first used. */
  @ApiProperty({ example: 'fme_5b1d2f6a7c11IexampleTokenOf43CharactersAndMore1' })
  token!: string;
}

export function edgeDto(edge: EdgeEntity): EdgeDto {
  return {
    id: edge.id,
    name: edge.name,
    kinds: edge.kinds,
    labels: edge.labels,
    desired: edge.desired,
    maxLeases: edge.maxLeases,
    agentVersion: edge.agentVersion,
    platform: edge.platform,
    createdAt: isoTime(edge.createdAt),
    lastSeenAt: isoTimeOrNull(edge.lastSeenAt),
    revokedAt: isoTimeOrNull(edge.revokedAt),
  };
}
