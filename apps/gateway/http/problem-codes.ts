import type { ErrorCode } from '@foreman/kernel';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** The only map from code to HTTP status (contract, "Errors"). A missing code does not compile. */
export const PROBLEM_KINDS: Readonly<Record<ErrorCode, ProblemKind>> = {
  'request.invalid': { status: 400, title: 'The request is not valid' },
  'lease.missing': { status: 400, title: 'The Foreman-Lease header is missing' },
  'artifact.digest_mismatch': { status: 400, title: 'The bytes do not match their digest' },
  'release.signature_invalid': { status: 400, title: 'The signature of the release is not valid' },
  'auth.missing': { status: 401, title: 'A bearer token is needed' },
  'auth.invalid': { status: 401, title: 'The bearer token is not accepted' },
  'auth.forbidden': { status: 403, title: 'This is not allowed with this token' },
  'route.not_found': { status: 404, title: 'There is no such route' },
  'job.not_found': { status: 404, title: 'There is no such job' },
  'task.not_found': { status: 404, title: 'There is no such task' },
  'edge.not_found': { status: 404, title: 'There is no such edge' },
  'api_key.not_found': { status: 404, title: 'There is no such API key' },
  'enrolment.not_found': { status: 404, title: 'There is no such enrolment' },
  'queue.not_found': { status: 404, title: 'There is no such queue' },
  'endpoint.not_found': { status: 404, title: 'There is no such webhook endpoint' },
  'delivery.not_found': { status: 404, title: 'There is no such delivery' },
  'release.not_found': { status: 404, title: 'There is no such release' },
  'late_write.not_found': { status: 404, title: 'There is no such late write' },
  'artifact.not_found': { status: 404, title: 'There is no such artifact' },
  'input.not_found': { status: 404, title: 'There is no such input' },
  'lease.lost': { status: 409, title: 'The lease is over' },
  'job.finalized': { status: 409, title: 'The job is finalized' },
  'idempotency.conflict': { status: 409, title: 'The Idempotency-Key belongs to another body' },
  'idempotency.ended': { status: 409, title: 'The lease that this Idempotency-Key made is over' },
  'results.incomplete': { status: 409, title: 'Result rows are missing' },
  'results.dropped': { status: 409, title: 'Result rows were dropped meanwhile' },
  'artifact.conflict': { status: 409, title: 'The artifact is both staged and inline' },
  'artifact.incomplete': { status: 409, title: 'An artifact is not staged as declared' },
  'input.conflict': { status: 409, title: 'The input has other bytes already' },
  'endpoint.disabled': { status: 409, title: 'The webhook endpoint is disabled' },
  'endpoint.rotating': { status: 409, title: 'The webhook secret is being replaced already' },
  'delivery.under_way': { status: 409, title: 'The delivery is being sent' },
  'edge.name_taken': { status: 409, title: 'The name belongs to another edge' },
  'artifact.precondition_failed': { status: 412, title: 'The artifact is not the one expected' },
  'request.too_large': { status: 413, title: 'The request is too large' },
  'artifact.too_large': { status: 413, title: 'The artifact is too large' },
  'request.unsupported_type': { status: 415, title: 'The content type is not supported here' },
  'artifact.range_not_satisfiable': {
    status: 416,
    title: 'The range lies outside of the artifact',
  },
  'results.unknown_config': { status: 422, title: 'A best config is not among the rows' },
  'webhook.target_refused': { status: 422, title: 'Webhooks may not be sent there' },
  'rate.limited': { status: 429, title: 'Too many requests' },
  'artifact.corrupt': { status: 500, title: 'The stored bytes are damaged' },
  internal: { status: 500, title: 'Something went wrong in Foreman' },
  'server.busy': { status: 503, title: 'Foreman is busy' },
  'server.storage_full': { status: 507, title: 'The storage is full' },
};
