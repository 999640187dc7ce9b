export { WebhooksModule } from './webhooks.module';
export type { WebhooksOptions } from './webhooks.options';
export { WebhookArtifactSource } from './artifact-source';
export type { WebhookArtifactRecord } from './artifact-source';
export { WEBHOOK_EVENT_TYPES } from './webhook-event-type';
export type { WebhookEventType } from './webhook-event-type';
export { WebhookEndpoints } from './endpoints/webhook-endpoints.service';
export type { CreatedEndpoint } from './endpoints/webhook-endpoints.service';
export type {
  JobWebhookCommand,
  StandingEndpointChanges,
  StandingEndpointCommand,
} from './endpoints/endpoint-command';
export { StandingEndpoints } from './endpoints/standing-endpoints.service';
export type { EndpointCounts } from './endpoints/standing-endpoints.service';
export { ENDPOINT_STATUSES } from './endpoints/endpoint-view';
export type {
  EndpointEventView,
  EndpointStatus,
  StandingEndpointView,
} from './endpoints/endpoint-view';
export { EndpointProbe } from './endpoints/endpoint-probe.service';
export type { EndpointTestView } from './endpoints/endpoint-probe.service';
export { EndpointEnabling } from './endpoints/endpoint-enabling.service';
export { EndpointRedelivery, REDELIVERABLE } from './deliveries/endpoint-redelivery.service';
export type { RedeliverySelection } from './deliveries/endpoint-redelivery.service';
export { DELIVERY_STATUSES } from './entities/delivery.entity';
export type { DeliveryStatus } from './entities/delivery.entity';
export { SecretRotation } from './signing/secret-rotation';
export type { RotationCounts } from './signing/secret-rotation';
export { WebhookSender } from './sending/webhook-sender.service';
export type { SendCounts } from './sending/webhook-sender.service';
export { ATTEMPT_OUTCOMES, AttemptReports } from './sending/attempt-reports';
export type { AttemptOutcome, AttemptReport } from './sending/attempt-reports';
export { ERROR_CLASSES } from './posting/post-outcome';
export type { ErrorClass } from './posting/post-outcome';
export { Deliveries } from './deliveries/deliveries.service';
export type { DeliveryBacklog, DeliveryFilter } from './deliveries/deliveries.service';
export type { DeliveryAttemptView, DeliveryView } from './deliveries/delivery-view';
export { DeliveryRemoval, owedDeliverySql } from './deliveries/delivery-removal';
