/** How programs talk to a gateway: single HTTP calls, typed refusals, patient retries. Knows no route. */
export { GatewayHttp } from './gateway-http';
export type { GatewayAnswer, GatewayCall, GatewayHttpOptions } from './gateway-http';
export { ConnectionFailure, GatewayProblem } from './gateway-problem';
export { GATEWAY_BACKOFF, isPassing, retrying } from './retrying';
export type { RetrySettings } from './retrying';
export { BodyTooLarge, readBounded } from './bounded-body';
export { ndjsonValues } from './ndjson-values';
export { reprDigest } from './repr-digest';
export { ArtifactCorrupted, resumedDownload } from './resumed-download';
export type { ExpectedBytes, OpenDownload } from './resumed-download';
