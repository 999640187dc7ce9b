import { RandomIds, SystemRandom } from '@foreman/kernel';
import { EdgeAgent } from '../edge-agent';
import type { EdgeAgentOptions } from '../edge-agent.options';
import { EdgeConnection } from '../edge-connection';
import type { Executor } from '../executor';
import { FastClock } from './fast-clock';
import type { StandInGateway } from './stand-in-gateway';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** An agent on the stand-in, whose waits pass quickly. */
export function agentOn(
  gateway: StandInGateway,
  executor: Executor['run'] | Executor[],
  options: Partial<EdgeAgentOptions> = {},
): EdgeAgent {
  const clock = new FastClock();
  const executors = Array.isArray(executor) ? executor : [{ kind: 'echo', run: executor }];
  return new EdgeAgent({
    clock,
    random: new SystemRandom(),
    ids: new RandomIds(),
    log: silent,
    connection: new EdgeConnection({ baseUrl: gateway.url, token: 'fme_test', clock }),
    executors,
    ...options,
  });
}

/** Settles when the signal aborts, as a well-behaved executor does. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
