import { retrying } from '@foreman/gateway-http';
import type { AgentParts } from './agent-parts';
import type { HeldTask } from './edge-connection';
import type { StoredMetrics } from './executor';

/** The whole list of a lease's stored configs: one that was cut off is asked for again, from its beginning. */
export function storedConfigIds(
  { connection, clock, random, log }: AgentParts,
  task: HeldTask,
  metrics: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredMetrics>> {
  const readAll = async () => {
    const stored = new Map<string, StoredMetrics>();
    for await (const config of connection.resultIds(task, metrics, signal)) {
      stored.set(config.configId, config.metrics ?? {});
    }
    return stored;
  };
  return retrying(readAll, {
    clock,
    random,
    signal,
    onRetry: ({ error, delayMs }) =>
      log.warn(
        { taskId: task.taskId, delayMs, reason: error.message },
        'stored rows not told yet; asking again',
      ),
  });
}
