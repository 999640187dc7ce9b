import { GatewayProblem } from '@foreman/gateway-http';
import { fittedFailure, textOf } from '@foreman/kernel';
import { TaskFailure } from './executor';
import type { FailRequest } from './protocol.types';

/** Refusals after which a fresh attempt may well succeed: something was lost on the way, not made wrongly. */
const LOST_ON_THE_WAY = new Set([
  'results.incomplete',
  'artifact.incomplete',
  'artifact.digest_mismatch',
]);

/**
 * What the gateway is told of an attempt that ended with `error`: a `TaskFailure` in its own words, a refused upload
 * or completion by the gateway's code, anything else as `executor.failed`, worth another attempt. Never throws, whatever
 * an executor in plain JavaScript has thrown.
 */
export function failureReport(error: unknown): FailRequest {
  try {
    return fittedFailure(toldBy(error));
  } catch {
    // A getter or a trap of its own threw. That the attempt failed must be told all the same.
    return fittedFailure({ message: 'the executor threw what cannot be read', retryable: true });
  }
}

function toldBy(error: unknown): Parameters<typeof fittedFailure>[0] {
  if (error instanceof TaskFailure) {
    const { code, message, retryable, retryAfterSeconds, keepArtifacts } = error;
    return {
      code,
      message,
      retryable,
      retryAfterSeconds,
      keepArtifacts: keepArtifacts || undefined,
    };
  }
  if (error instanceof GatewayProblem) {
    return {
      code: error.code,
      message: `refused by the gateway: ${error.detail}`,
      retryable: LOST_ON_THE_WAY.has(error.code),
    };
  }
  const message = error instanceof Error ? error.message : textOf(error);
  return { code: 'executor.failed', message, retryable: true };
}
