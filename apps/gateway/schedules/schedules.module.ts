import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { GatewayOptions } from '../config/gateway-options';
import { DeliverySchedule } from './delivery.schedule';
import { LeaseExpirySchedule } from './lease-expiry.schedule';
import { leftoversSchedule } from './leftovers.schedule';
import { retentionSchedule } from './retention.schedule';
import { scrubSchedule } from './scrub.schedule';
import { SecretRotationSchedule } from './secret-rotation.schedule';

/** All that this application does by the clock; the libs start nothing themselves. */
@Module({})
export class SchedulesModule {
  static forRoot(options: Pick<GatewayOptions, 'retentionCron' | 'scrubCron'>): DynamicModule {
    return {
      module: SchedulesModule,
      imports: [ScheduleModule.forRoot()],
      providers: [
        DeliverySchedule,
        LeaseExpirySchedule,
        SecretRotationSchedule,
        leftoversSchedule(options.retentionCron),
        retentionSchedule(options.retentionCron),
        ...(options.scrubCron === null ? [] : [scrubSchedule(options.scrubCron)]),
      ],
    };
  }
}
