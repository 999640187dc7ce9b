import { DatabaseModule } from '@foreman/database';
import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeyEntity } from './api-key.entity';
import { ApiKeys } from './api-keys';
import { IdempotencyKeyEntity } from './idempotency-key.entity';
import { IdempotencyKeys } from './idempotency-keys';
import { Revocations } from './revocations';

/** Principals, API keys, idempotency keys. Needs DatabaseModule; starts nothing. */
@Module({})
export class AccessModule {
  static forRoot(): DynamicModule {
    return {
      module: AccessModule,
      global: true,
      imports: [DatabaseModule.forFeature([ApiKeyEntity, IdempotencyKeyEntity])],
      providers: [ApiKeys, IdempotencyKeys, Revocations],
      exports: [ApiKeys, IdempotencyKeys, Revocations],
    };
  }
}
