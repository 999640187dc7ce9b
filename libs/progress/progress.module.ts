import { Module, type DynamicModule } from '@nestjs/common';
import { Heartbeats } from './heartbeats';

/** Heartbeats: extends leases, keeps progress. No routes, no timers. */
@Module({})
export class ProgressModule {
  static forRoot(): DynamicModule {
    return {
      module: ProgressModule,
      global: true,
      providers: [Heartbeats],
      exports: [Heartbeats],
    };
  }
}
