import { DatabaseModule } from '@foreman/database';
import { type DynamicModule, Module } from '@nestjs/common';
import { type AccessOptions, AccessSettings } from './access.options';
import { ApiKeyEntity } from './api-key.entity';
import { ApiKeys } from './api-keys';
import { Authenticator } from './authenticator';
import { IdempotencyKeyEntity } from './idempotency-key.entity';
import { IdempotencyKeys } from './idempotency-keys';

/** Principals, API keys, idempotency keys. Needs DatabaseModule; starts nothing. */
@Module({})
export class AccessModule {
  static forRoot(options: AccessOptions = {}): DynamicModule {
    return {
      module: AccessModule,
      global: true,
      imports: [DatabaseModule.forFeature([ApiKeyEntity, IdempotencyKeyEntity])],
      providers: [
        { provide: AccessSettings, useValue: new AccessSettings(options) },
        ApiKeys,
        Authenticator,
        IdempotencyKeys,
      ],
      exports: [ApiKeys, Authenticator, IdempotencyKeys],
    };
  }
}
