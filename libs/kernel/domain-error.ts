/** Every code of the contract's error table, and of the groups that it continues with "and so on". */
export type ErrorCode =
  | 'request.invalid'
  | 'request.too_large'
  | 'request.unsupported_type'
  | 'auth.missing'
  | 'auth.invalid'
  | 'auth.forbidden'
  | 'job.not_found'
  | 'job.finalized'
  | 'task.not_found'
  | 'edge.not_found'
  | 'api_key.not_found'
  | 'enrolment.not_found'
  | 'queue.not_found'
  | 'endpoint.not_found'
  | 'delivery.not_found'
  | 'release.not_found'
  | 'artifact.not_found'
  | 'input.not_found'
  | 'late_write.not_found'
  | 'route.not_found'
  | 'lease.missing'
  | 'lease.lost'
  | 'idempotency.conflict'
  | 'idempotency.ended'
  | 'results.incomplete'
  | 'results.dropped'
  | 'results.unknown_config'
  | 'artifact.conflict'
  | 'input.conflict'
  | 'artifact.incomplete'
  | 'artifact.digest_mismatch'
  | 'artifact.too_large'
  | 'artifact.corrupt'
  | 'artifact.precondition_failed'
  | 'artifact.range_not_satisfiable'
  | 'release.signature_invalid'
  | 'webhook.target_refused'
  | 'edge.name_taken'
  | 'endpoint.disabled'
  | 'delivery.under_way'
  | 'endpoint.rotating'
  | 'rate.limited'
  | 'server.busy'
  | 'server.storage_full'
  | 'internal';

/** One finding of a refused request: which field, and what is wrong with it. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * A refusal that the caller can act on. Libs throw it with a code; only the gateway's filter
 * maps the code to an HTTP status. `details` become extra members of the problem document.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** A `request.invalid` about one field. */
export function invalidField(path: string, message: string): DomainError {
  return new DomainError('request.invalid', `${path} ${message}`, { errors: [{ path, message }] });
}
