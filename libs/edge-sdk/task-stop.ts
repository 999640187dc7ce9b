import { GatewayProblem } from '@foreman/gateway-http';

/** Why an attempt must end although its executor has not. */
export type StopCause =
  | 'cancelled'
  | 'lease_lost'
  | 'agent_stopping'
  | 'token_refused'
  /** The gateway refused a row batch or an artifact for good: the attempt has failed. */
  | 'upload_refused';

/** The reason of an executor's aborted signal. */
export class TaskStopped extends Error {
  override readonly name = 'TaskStopped';

  constructor(readonly because: StopCause) {
    super(`the task was stopped: ${because}`);
  }
}

/** The gateway does not know this edge's token (any more): it was revoked, or replaced. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

/** Whether a refused call about a task means that the attempt is over; null when it means only itself. */
export function stopCauseOf(error: unknown): 'cancelled' | 'lease_lost' | 'token_refused' | null {
  if (!(error instanceof GatewayProblem)) return null;
  if (error.status === 401) return 'token_refused';
  if (error.code === 'task.not_found') return 'lease_lost';
  if (error.code !== 'lease.lost') return null;
  const task = error.members['task'] as { status?: unknown } | undefined;
  return task?.status === 'cancelled' ? 'cancelled' : 'lease_lost';
}
