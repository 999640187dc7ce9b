import { Logger, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import {
  Clock,
  IdSource,
  RandomIds,
  RandomSource,
  SteadyClock,
  SystemClock,
  SystemRandom,
} from '@foreman/kernel';
import { Database } from './database';
import type { DatabaseOptions } from './database.options';
import { registerEntities } from './entity-registry';
import { StoredTimes } from './stored-times';
import { ReadConnection, UnitOfWork } from './unit-of-work';

/**
 * Opens the database once for the whole application, and gives every lib the same write door, read
 * connection, clock (steady: see SteadyClock), ids and chance. Starts no timer.
 */
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  static forRoot(options: DatabaseOptions): DynamicModule {
    const logger = new Logger('UnitOfWork');
    const onHookError = (error: unknown) => logger.error(error);
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        { provide: Database, useFactory: () => Database.open(options, onHookError) },
        { provide: UnitOfWork, useFactory: (db: Database) => db.unitOfWork, inject: [Database] },
        { provide: ReadConnection, useFactory: (db: Database) => db.reads, inject: [Database] },
        {
          provide: SteadyClock,
          useFactory: () => new SteadyClock(options.clock ?? new SystemClock()),
        },
        { provide: Clock, useExisting: SteadyClock },
        StoredTimes,
        { provide: IdSource, useFactory: () => options.ids ?? new RandomIds() },
        { provide: RandomSource, useFactory: () => options.random ?? new SystemRandom() },
      ],
      exports: [
        Database,
        UnitOfWork,
        ReadConnection,
        Clock,
        SteadyClock,
        StoredTimes,
        IdSource,
        RandomSource,
      ],
    };
  }

  /** Called by a lib's module for its entities, before the database opens. */
  static forFeature(entities: readonly (new () => object)[]): DynamicModule {
    registerEntities(entities);
    return { module: DatabaseFeatureModule };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}

@Module({})
class DatabaseFeatureModule {}
