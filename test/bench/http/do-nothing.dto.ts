import { IsArray, IsInt, IsObject, IsOptional, IsString, IsUUID } from 'class-validator';

/** The bodies of the hot calls, as far as any service would check them. */
export class DoNothingJobDto {
  @IsString()
  kind!: string;

  @IsObject()
  payload!: Record<string, unknown>;

  @IsObject()
  metadata!: Record<string, string>;
}

export class DoNothingNextDto {
  @IsInt()
  waitSeconds!: number;
}

export class DoNothingHeartbeatDto {
  @IsInt()
  processed!: number;

  @IsInt()
  total!: number;

  @IsString()
  status!: string;
}

export class DoNothingResultsDto {
  @IsArray()
  rows!: unknown[];
}

export class DoNothingCompleteDto {
  @IsOptional()
  @IsArray()
  bestConfigIds?: string[];

  @IsInt()
  processedCount!: number;

  @IsInt()
  totalCount!: number;
}

export class DoNothingIdDto {
  @IsUUID()
  id!: string;
}
