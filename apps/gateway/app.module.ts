import { AccessModule } from '@foreman/access';
import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { DatabaseModule } from '@foreman/database';
import { EdgesModule } from '@foreman/edges';
import { JobsModule } from '@foreman/jobs';
import type { Clock, IdSource, RandomSource } from '@foreman/kernel';
import { LeasingModule } from '@foreman/leasing';
import { ProgressModule } from '@foreman/progress';
import { ReleasesModule } from '@foreman/releases';
import { ResultsModule } from '@foreman/results';
import { RetentionModule } from '@foreman/retention';
import { WebhooksModule } from '@foreman/webhooks';
import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { AdminApiModule } from './admin-api/admin-api.module';
import type { GatewayOptions } from './config/gateway-options';
import { EdgeApiModule } from './edge-api/edge-api.module';
import { HttpModule } from './http/http.module';
import { jobLinks } from './http/job-links';
import { PublicUrl } from './http/public-url';
import { requestLog } from './http/request-log';
import { JobsApiModule } from './jobs-api/jobs-api.module';
import { MetricsModule } from './metrics/metrics.module';
import { SignedApiModule } from './signed-api/signed-api.module';
import { SchedulesModule } from './schedules/schedules.module';

/** For webhooks under way when the gateway stops; what is cut off is sent again. See `ConnectionClosing`. */
const WEBHOOK_STOP_GRACE_MS = 1500;

/** What a test may replace. In production: the system's clock, ids and chance; schedules run. */
export interface StandIns {
  readonly clock?: Clock;
  readonly ids?: IdSource;
  readonly random?: RandomSource;
  /** False: no cron and no sender loop; the test calls each `runOnce()` itself. */
  readonly schedules?: boolean;
}

/** The composition root: which libs, with which options. */
@Module({})
export class AppModule {
  static forRoot(options: GatewayOptions, standIns: StandIns = {}): DynamicModule {
    const publicUrl = new PublicUrl(options);
    return {
      module: AppModule,
      imports: [
        LoggerModule.forRoot(requestLog(options)),
        DatabaseModule.forRoot({
          file: options.databaseFile,
          clock: standIns.clock,
          ids: standIns.ids,
          random: standIns.random,
        }),
        AccessModule.forRoot(),
        JobsModule.forRoot({
          leaseSeconds: options.leaseSeconds,
          ttlSeconds: options.jobTtlSeconds,
        }),
        EdgesModule.forRoot(),
        ProgressModule.forRoot(),
        ResultsModule.forRoot(),
        ArtifactsModule.forRoot({
          inlineLimitBytes: options.inlineLimitBytes,
          maxBytes: options.artifactMaxBytes,
          taskMaxBytes: options.taskArtifactsMaxBytes,
          taskMaxCount: options.taskArtifactsMaxCount,
          jobMaxBytes: options.jobArtifactsMaxBytes,
          jobMaxCount: options.jobArtifactsMaxCount,
          uploadsPerLease: options.uploadsPerLease,
          inputTtlSeconds: options.inputTtlSeconds,
          scrubBytesPerSecond: options.scrubBytesPerSecond,
          publicUrl: () => publicUrl.base(),
          secretKey: options.secretKey,
          previousSecretKeys: options.previousSecretKeys,
        }),
        WebhooksModule.forRoot({
          secretKey: options.secretKey,
          previousSecretKeys: options.previousSecretKeys,
          artifactSource: ArtifactObjects,
          jobLinks: (jobId) => jobLinks(publicUrl.base(), jobId),
          inlineBudgetBytes: options.webhookInlineBudgetBytes,
          allowedNetworks: options.webhookAllowedNetworks,
          deniedHosts: options.webhookDeniedHosts,
          deniedPorts: options.webhookDeniedPorts,
          retrySeconds: options.webhookRetrySeconds,
          disableAfterSeconds: options.webhookDisableAfterSeconds,
          stopGraceMs: WEBHOOK_STOP_GRACE_MS,
        }),
        ReleasesModule.forRoot({ publicKeys: options.releasePublicKeys }),
        LeasingModule.forRoot({ maxParkedPolls: options.maxParkedPolls }),
        RetentionModule.forRoot({ deliveryHoldSeconds: options.deliveryHoldSeconds }),
        HttpModule.forRoot(options, publicUrl),
        JobsApiModule,
        EdgeApiModule,
        SignedApiModule,
        AdminApiModule,
        MetricsModule,
        ...(standIns.schedules === false ? [] : [SchedulesModule.forRoot(options)]),
      ],
    };
  }
}
