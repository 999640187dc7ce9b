import { AccessModule } from '@foreman/access';
import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { DatabaseModule } from '@foreman/database';
import { EdgesModule } from '@foreman/edges';
import { JobsModule } from '@foreman/jobs';
import type { Clock } from '@foreman/kernel';
import { LeasingModule } from '@foreman/leasing';
import { ProgressModule } from '@foreman/progress';
import { ResultsModule } from '@foreman/results';
import { RetentionModule } from '@foreman/retention';
import { WebhooksModule } from '@foreman/webhooks';
import { Controller, type DynamicModule, Get, Module } from '@nestjs/common';

/** The only route that the service asked for. */
@Controller('own')
export class OwnController {
  @Get('greeting')
  greet(): string {
    return 'hello';
  }
}

/** A service of somebody else's, without Foreman: what the other one is held against. */
@Module({ controllers: [OwnController] })
export class PlainModule {}

/** The same service with the whole engine in its own process. */
@Module({})
export class EmbeddingModule {
  static forRoot(file: string, clock: Clock): DynamicModule {
    return {
      module: EmbeddingModule,
      controllers: [OwnController],
      imports: [
        DatabaseModule.forRoot({ file, clock }),
        AccessModule.forRoot(),
        JobsModule.forRoot(),
        EdgesModule.forRoot(),
        ProgressModule.forRoot(),
        ResultsModule.forRoot(),
        ArtifactsModule.forRoot({ publicUrl: 'https://research.example' }),
        WebhooksModule.forRoot({
          secretKey: Buffer.alloc(32, 1),
          artifactSource: ArtifactObjects,
          allowedNetworks: ['127.0.0.0/8'],
        }),
        LeasingModule.forRoot(),
        RetentionModule.forRoot(),
      ],
    };
  }
}
