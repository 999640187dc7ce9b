import { retrying } from '@foreman/gateway-http';
import type { AgentParts } from './agent-parts';
import type { HeldTask } from './edge-connection';

/** Long enough for a busy gateway, short enough for a supervisor that waits for the agent to exit. */
const GIVE_UP_AFTER_MS = 3_000;

/**
 * Hands a lease back, if the gateway can be reached soon. True when it took it; otherwise the lease runs out by
 * itself and the task queues again, only later.
 */
export async function releaseLease(parts: AgentParts, task: HeldTask): Promise<boolean> {
  const giveUp = new AbortController();
  const timer = parts.clock.setTimer(GIVE_UP_AFTER_MS, () =>
    giveUp.abort(new Error('gave up handing the lease back')),
  );
  try {
    const { clock, random } = parts;
    const { signal } = giveUp;
    await retrying(() => parts.connection.release(task, signal), { clock, random, signal });
    return true;
  } catch (error) {
    parts.log.warn({ taskId: task.taskId, reason: String(error) }, 'lease was not handed back');
    return false;
  } finally {
    timer.cancel();
  }
}
