/** What a service needs: the calls of the jobs face, and the receiving end of its webhooks. */
export { AlreadyGone } from './already-gone';
export type { Gone } from './already-gone';
export { ForemanClient } from './foreman-client';
export type { ByteRange, ListOptions } from './foreman-client';
export type { CallOptions, ForemanClientOptions, SubmitOptions } from './foreman-client.options';
export type { InputBytes, InputOptions } from './input-upload';
export type { WaitOptions } from './finalized-wait';
export type { LiveOptions, ReceivedLiveEvent } from './live-events';
export type { DownloadOptions } from './artifact-download';
export { verifyWebhook } from './verify-webhook';
export type { VerifiedWebhook, WebhookToVerify } from './verify-webhook';
export { WebhookRejected } from './webhook-signature';
export type { WebhookHeaders } from './webhook-signature';
export { DEFAULT_WEBHOOK_LIMIT_BYTES, receiveNestWebhook, receiveWebhook } from './receive-webhook';
export type { RawBodyRequest } from './receive-webhook';
export { webhookListener } from './webhook-listener';
export type { WebhookListenerOptions } from './webhook-listener';
export {
  ArtifactCorrupted,
  BodyTooLarge,
  ConnectionFailure,
  GatewayProblem,
} from '@foreman/gateway-http';
export type {
  ArtifactEventData,
  ArtifactInEvent,
  ArtifactObject,
  Attempt,
  CodedError,
  Delivery,
  DeliveryAttempt,
  DownloadUrl,
  Explanation,
  Job,
  Input,
  JobEvent,
  JobEventType,
  JobFilter,
  JobInEvent,
  JobRequest,
  JobStateData,
  JobStatus,
  LiveEvent,
  Progress,
  ProgressData,
  MetricSummary,
  NamedInput,
  ResultQuery,
  ResultRow,
  ResultSummary,
  SubmittedJob,
  Summary,
  Task,
  TaskEventData,
  TaskRequest,
  TaskStatus,
  TestEvent,
  WebhookEvent,
  WebhookTarget,
} from './protocol.types';
