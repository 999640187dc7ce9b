import { GatewayProblem } from '@foreman/gateway-http';
import type { AgentLog } from './agent-log';
import type { Dropped, HeldLease } from './outbox/outbox-entry';

/** A lease that is over although this agent did not end it, and what it still had. */
export interface LostLease {
  readonly taskId: string;
  readonly jobId: string;
  readonly attempt: number;
  /** `lease.lost` or `task.not_found`. */
  readonly code: string;
  /** Whether the gateway set the last write aside for an operator; null when it did not say. */
  readonly kept: boolean | null;
  /** Row batches, artifacts and endings that were given up. */
  readonly entries: number;
  readonly bytes: number;
}

interface LossListeners {
  readonly log: AgentLog;
  readonly onLeaseLost?: (lost: LostLease) => void;
}

/** Tells log and listener. `refusal` is what the gateway answered, where it was an answer. */
export function reportLostLease(
  { log, onLeaseLost }: LossListeners,
  { taskId, jobId, attempt }: HeldLease,
  dropped: Dropped,
  refusal: unknown,
): void {
  const problem = refusal instanceof GatewayProblem ? refusal : null;
  const kept = problem?.members['kept'];
  const lost: LostLease = {
    taskId,
    jobId,
    attempt,
    code: problem?.code ?? 'lease.lost',
    kept: typeof kept === 'boolean' ? kept : null,
    ...dropped,
  };
  log.warn(lost, 'the lease is lost; what was waiting for it was dropped');
  onLeaseLost?.(lost);
}
