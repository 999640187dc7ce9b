import { Module, type DynamicModule } from '@nestjs/common';
import { ExpiredJobsStore } from './expired-jobs.store';
import { JobRemoval } from './job-removal';
import { JobRowsStore } from './job-rows.store';
import { KeyExpiry } from './key-expiry';
import { Retention } from './retention';
import { UnusedQueues } from './unused-queues';
import { RetentionSettings, type RetentionOptions } from './retention.options';

/** What may go, and its removal across all libs. Starts no timer: the application calls `runOnce()`. */
@Module({})
export class RetentionModule {
  /** @throws RangeError naming the option that is wrong. */
  static forRoot(options: RetentionOptions = {}): DynamicModule {
    return {
      module: RetentionModule,
      global: true,
      providers: [
        { provide: RetentionSettings, useValue: new RetentionSettings(options) },
        ExpiredJobsStore,
        JobRemoval,
        JobRowsStore,
        KeyExpiry,
        Retention,
        UnusedQueues,
      ],
      exports: [Retention],
    };
  }
}
