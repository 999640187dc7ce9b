export { Clock, SystemClock, delay, isoTime, isoTimeOrNull } from './clock';
export type { ClockTimer } from './clock';
export { readHttpDate, readTime } from './read-time';
export { SteadyClock } from './steady-clock';
export { IdSource, RandomIds, isUuid, sha256Hex } from './ids';
export { KeyRing } from './key-ring';
export type { DerivedKey, DerivedKeys } from './key-ring';
export { RandomSource, SystemRandom } from './random';
export { backoffMs, jitteredMs } from './backoff';
export type { BackoffPolicy } from './backoff';
export { DomainError, invalidField } from './domain-error';
export type { ErrorCode, FieldError } from './domain-error';
export { DEFAULT_PAGE_LIMIT, MAX_PAGE_LIMIT, decodeCursor, encodeCursor, pageOf } from './paging';
export type { Page, PageRequest } from './paging';
export { cutText, fittedFailure, textOf } from './failure-report';
export type { FailureReport } from './failure-report';
export { canonicalJson } from './canonical-json';
export { KIND_RULE, LABELS_RULE, areLabels, artifactNameFault, isKind } from './names';
export {
  ANY_PLATFORM,
  DEFAULT_CHANNEL,
  isNewerVersion,
  manifestFindings,
} from './release-manifest';
export type { ReleaseManifest, SignedRelease } from './release-manifest';
export {
  isReleasePublicKey,
  releaseKeyId,
  releaseSigningBytes,
  signerOf,
} from './release-signature';
