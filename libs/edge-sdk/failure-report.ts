import { GatewayProblem } from '@foreman/gateway-http';
import { TaskFailure } from './executor';
import type { FailRequest } from './protocol.types';

const MAX_MESSAGE_CHARS = 2000;

/** Refusals after which a fresh attempt may well succeed: something was lost on the way, not made wrongly. */
const LOST_ON_THE_WAY = new Set([
  'results.incomplete',
  'artifact.incomplete',
  'artifact.digest_mismatch',
]);

/**
 * What the gateway is told of an attempt that ended with `error`: a `TaskFailure` in its own words, a refused upload
 * or completion by the gateway's code, anything else as `executor.failed`, worth another attempt.
 */
export function failureReport(error: unknown): FailRequest {
  if (error instanceof TaskFailure) {
    return {
      code: error.code,
      message: cut(error.message),
      retryable: error.retryable,
      ...(error.retryAfterSeconds === undefined
        ? {}
        : { retryAfterSeconds: error.retryAfterSeconds }),
      ...(error.keepArtifacts ? { keepArtifacts: true } : {}),
    };
  }
  if (error instanceof GatewayProblem) {
    return {
      code: error.code,
      message: cut(`refused by the gateway: ${error.detail}`),
      retryable: LOST_ON_THE_WAY.has(error.code),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'executor.failed', message: cut(message), retryable: true };
}

function cut(message: string): string {
  return message.slice(0, MAX_MESSAGE_CHARS);
}
