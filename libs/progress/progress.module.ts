import { Module, type DynamicModule } from '@nestjs/common';
import { Heartbeats } from './heartbeats';
import { TaskProgress } from './task-progress';

/** Heartbeats: extends leases, keeps progress. No routes, no timers. */
@Module({})
export class ProgressModule {
  static forRoot(): DynamicModule {
    return {
      module: ProgressModule,
      global: true,
      providers: [Heartbeats, TaskProgress],
      exports: [Heartbeats],
    };
  }
}
