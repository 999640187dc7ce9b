import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { DatabaseModule } from '@foreman/database';
import { Clock, IdSource } from '@foreman/kernel';
import { WebhookArtifactSource } from './artifact-source';
import { Deliveries } from './deliveries/deliveries.service';
import { DeliveryRemoval } from './deliveries/delivery-removal';
import { EndpointRedelivery } from './deliveries/endpoint-redelivery.service';
import { EndpointEnabling } from './endpoints/endpoint-enabling.service';
import { EndpointHistory } from './endpoints/endpoint-history.store';
import { EndpointProbe } from './endpoints/endpoint-probe.service';
import { EndpointStore } from './endpoints/endpoint.store';
import { StandingEndpointStore } from './endpoints/standing-endpoint.store';
import { StandingEndpoints } from './endpoints/standing-endpoints.service';
import { WebhookEndpoints } from './endpoints/webhook-endpoints.service';
import { DeliveryAttemptEntity } from './entities/delivery-attempt.entity';
import { DeliveryEntity } from './entities/delivery.entity';
import { WebhookEndpointEventEntity } from './entities/endpoint-event.entity';
import { WebhookEndpointEntity } from './entities/endpoint.entity';
import { WebhookMessageEntity } from './entities/message.entity';
import { Outbox } from './outbox/outbox.service';
import { OutboxStore } from './outbox/outbox.store';
import { NameLookups } from './posting/name-lookups';
import { WebhookPoster } from './posting/webhook-poster';
import { AttemptReports } from './sending/attempt-reports';
import { DeliveryAttempt } from './sending/delivery-attempt';
import { DeliveryClaims } from './sending/delivery-claims.store';
import { DueLanes } from './sending/due-lanes.store';
import { DeliveryOutcomes } from './sending/delivery-outcomes.store';
import { DeliveryWakeup } from './sending/delivery-wakeup';
import { EndpointPace } from './sending/endpoint-pace.store';
import { MessageBody } from './sending/message-body';
import { ReplayStore } from './sending/replay.store';
import { WebhookSender } from './sending/webhook-sender.service';
import { SecretBox } from './signing/secret-box';
import { SecretRotation } from './signing/secret-rotation';
import { TargetPolicy } from './target/target-policy';
import { WebhookTimes } from './time/webhook-times';
import { WebhooksSettings, type WebhooksOptions } from './webhooks.options';

const ENTITIES = [
  WebhookEndpointEntity,
  WebhookEndpointEventEntity,
  WebhookMessageEntity,
  DeliveryEntity,
  DeliveryAttemptEntity,
];

const FACE = [
  AttemptReports,
  WebhookEndpoints,
  StandingEndpoints,
  EndpointProbe,
  EndpointEnabling,
  EndpointRedelivery,
  Deliveries,
  DeliveryRemoval,
  SecretRotation,
  WebhookSender,
];

const INNER: Provider[] = [
  EndpointStore,
  StandingEndpointStore,
  EndpointHistory,
  EndpointPace,
  ReplayStore,
  Outbox,
  OutboxStore,
  DeliveryAttempt,
  DeliveryClaims,
  DueLanes,
  DeliveryOutcomes,
  DeliveryWakeup,
  MessageBody,
  WebhookTimes,
  {
    provide: TargetPolicy,
    useFactory: (settings: WebhooksSettings) => new TargetPolicy(settings.target),
    inject: [WebhooksSettings],
  },
  {
    provide: SecretBox,
    useFactory: (settings: WebhooksSettings, ids: IdSource) => new SecretBox(settings.keyRing, ids),
    inject: [WebhooksSettings, IdSource],
  },
  {
    provide: WebhookPoster,
    useFactory: (settings: WebhooksSettings, policy: TargetPolicy, clock: Clock) => {
      const lookups = new NameLookups();
      return new WebhookPoster(policy, clock, {
        timeoutMs: settings.timeoutMs,
        certificateAuthorities: settings.certificateAuthorities,
        resolve: settings.resolve ?? ((host) => lookups.resolve(host)),
      });
    },
    inject: [WebhooksSettings, TargetPolicy, Clock],
  },
];

/**
 * Webhooks of job events: outbox, signing, delivery, target policy. Needs DatabaseModule and JobsModule. From its
 * import on deliveries are written; none is sent until the application calls `WebhookSender.start()` or `runOnce()`.
 */
@Module({})
export class WebhooksModule {
  /** @throws RangeError or Error naming the option that is wrong. */
  static forRoot(options: WebhooksOptions): DynamicModule {
    return {
      module: WebhooksModule,
      global: true,
      imports: [DatabaseModule.forFeature(ENTITIES)],
      providers: [
        { provide: WebhooksSettings, useValue: new WebhooksSettings(options) },
        { provide: WebhookArtifactSource, useExisting: options.artifactSource },
        ...INNER,
        ...FACE,
      ],
      exports: FACE,
    };
  }
}
