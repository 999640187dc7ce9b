import { DomainError, type ErrorCode } from '@foreman/kernel';
import { PROBLEM_KINDS } from './problem-codes';

/** RFC 9457, with Foreman's `code` and the members of the case. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly instance: string;
  readonly [member: string]: unknown;
}

/** `retryAfterSeconds` travels as a header; the rest of the details are members of the document. */
export function problemDocument(error: DomainError, requestId: string): ProblemDocument {
  const kind = PROBLEM_KINDS[error.code];
  const { retryAfterSeconds: _header, ...members } = error.details;
  return {
    ...members,
    type: `urn:foreman:problem:${error.code}`,
    title: kind.title,
    status: kind.status,
    detail: error.message,
    code: error.code,
    instance: `urn:foreman:request:${requestId}`,
  };
}

/** Seconds for `Retry-After`: what the refusal says, or a second where the contract asks for one. */
export function retryAfterSecondsOf(error: DomainError): number | null {
  const asked = error.details['retryAfterSeconds'];
  if (typeof asked === 'number') return Math.max(0, Math.ceil(asked));
  return error.code === 'server.busy' || error.code === 'rate.limited' ? 1 : null;
}
