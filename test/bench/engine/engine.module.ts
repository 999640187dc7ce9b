import { AccessModule } from '@foreman/access';
import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { DatabaseModule } from '@foreman/database';
import { EdgesModule } from '@foreman/edges';
import { JobsModule } from '@foreman/jobs';
import { LeasingModule } from '@foreman/leasing';
import { ProgressModule } from '@foreman/progress';
import { ResultsModule } from '@foreman/results';
import { WebhooksModule } from '@foreman/webhooks';
import { Module, type DynamicModule } from '@nestjs/common';

/** All that the gateway is made of, without its HTTP and its schedules. */
@Module({})
export class EngineModule {
  static on(file: string): DynamicModule {
    return {
      module: EngineModule,
      imports: [
        DatabaseModule.forRoot({ file }),
        AccessModule.forRoot(),
        JobsModule.forRoot(),
        EdgesModule.forRoot(),
        ProgressModule.forRoot(),
        ResultsModule.forRoot(),
        // The lanes are measured with many uploads of one lease.
        ArtifactsModule.forRoot({ publicUrl: 'http://127.0.0.1', uploadsPerLease: 1000 }),
        WebhooksModule.forRoot({ secretKey: Buffer.alloc(32), artifactSource: ArtifactObjects }),
        LeasingModule.forRoot(),
      ],
    };
  }
}
