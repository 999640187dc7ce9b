import { type DynamicModule, Module } from '@nestjs/common';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { CallsUnderWay } from './calls-under-way';
import { ConnectionClosing } from './connection-closing';
import { DiskReserve } from './disk-reserve';
import { Downloads } from './downloads';
import { FreeSpace } from './free-space';
import { GracefulStop } from './graceful-stop';
import { HealthController } from './health.controller';
import { PublicUrl } from './public-url';
import { UploadPlaces } from './upload-places';

/** What every face shares: the options, the public url, health, the end of connections. */
@Module({})
export class HttpModule {
  static forRoot(options: GatewayOptions, publicUrl: PublicUrl): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      controllers: [HealthController],
      providers: [
        { provide: GATEWAY_OPTIONS, useValue: options },
        { provide: PublicUrl, useValue: publicUrl },
        CallsUnderWay,
        ConnectionClosing,
        DiskReserve,
        Downloads,
        FreeSpace,
        GracefulStop,
        UploadPlaces,
      ],
      exports: [
        GATEWAY_OPTIONS,
        PublicUrl,
        CallsUnderWay,
        ConnectionClosing,
        DiskReserve,
        Downloads,
        FreeSpace,
        UploadPlaces,
      ],
    };
  }
}
