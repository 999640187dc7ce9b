import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { DeliverySchedule } from './delivery.schedule';
import { LeaseExpirySchedule } from './lease-expiry.schedule';
import { LeftoversSchedule } from './leftovers.schedule';

/** All that this application does by the clock; the libs start nothing themselves. */
@Module({})
export class SchedulesModule {
  static forRoot(): DynamicModule {
    return {
      module: SchedulesModule,
      imports: [ScheduleModule.forRoot()],
      providers: [DeliverySchedule, LeaseExpirySchedule, LeftoversSchedule],
    };
  }
}
