import { type ApiKeyEntity, SCOPES, type Scope } from '@foreman/access';
import { isoTime, isoTimeOrNull } from '@foreman/kernel';
import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsString,
  Length,
} from 'class-validator';

/** A new API key. */
export class CreateApiKeyDto {
  /** What it is for, to tell it from others. */
  @ApiProperty({ example: 'pricing service' })
  @IsString()
  @Length(1, 200)
  name!: string;

  /** What it may do; `admin` implies all. */
  @ApiProperty({ enum: SCOPES, isArray: true, example: ['jobs:write', 'jobs:read'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SCOPES.length)
  @ArrayUnique()
  @IsIn(SCOPES, { each: true })
  scopes!: Scope[];
}

/** An API key, without its token: of that only a hash is kept. */
export class ApiKeyDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  id!: string;

  @ApiProperty({ example: 'pricing service' })
  name!: string;

  @ApiProperty({ enum: SCOPES, isArray: true, example: ['jobs:write', 'jobs:read'] })
  scopes!: Scope[];

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;

  /** Since when it opens nothing; null while it is live. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt!: string | null;
}

/** The answer to making a key. */
export class NewApiKeyDto extends ApiKeyDto {
  /** Shown in this answer only; null when the call repeats an Idempotency-Key. */
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'fmk_5b1d2f6a7c11IexampleTokenOf43CharactersAndMore1',
  })
  token!: string | null;
}

export function apiKeyDto(key: ApiKeyEntity): ApiKeyDto {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    createdAt: isoTime(key.createdAt),
    revokedAt: isoTimeOrNull(key.revokedAt),
  };
}
