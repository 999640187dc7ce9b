/** Why an attempt failed, for operators and metrics. */
export const ERROR_CLASSES = [
  'target_refused',
  'dns',
  'connect',
  'tls',
  'timeout',
  'reset',
  'protocol',
  'redirect',
  'status',
  'secret_unreadable',
  'body_unavailable',
  'other',
] as const;

export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** What became of one POST. */
export interface PostOutcome {
  /** Null where no answer's head arrived in time. */
  readonly statusCode: number | null;
  /** Null is success: a 2xx. */
  readonly errorClass: ErrorClass | null;
  /** What went wrong, in words, without anything secret. */
  readonly errorDetail: string | null;
  /** The address that was connected to, if one was. */
  readonly address: string | null;
  /** The beginning of the answer's body. */
  readonly responseExcerpt: string | null;
  /** What the answer asked to wait before the next try, in ms. */
  readonly retryAfterMs: number | null;
}

/** An attempt that ended before there was an answer. */
export function failedPost(
  errorClass: ErrorClass,
  errorDetail: string,
  address: string | null = null,
): PostOutcome {
  return {
    statusCode: null,
    errorClass,
    errorDetail,
    address,
    responseExcerpt: null,
    retryAfterMs: null,
  };
}
