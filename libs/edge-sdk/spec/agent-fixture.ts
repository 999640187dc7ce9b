import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomIds, SystemClock, SystemRandom } from '@foreman/kernel';
import { EdgeAgent } from '../edge-agent';
import type { EdgeAgentOptions } from '../edge-agent.options';
import { EdgeConnection } from '../edge-connection';
import type { Executor } from '../executor';
import { Outbox } from '../outbox/outbox';
import { FastClock } from './fast-clock';
import type { StandInGateway } from './stand-in-gateway';

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

const folders: string[] = [];
const opened: Outbox[] = [];

afterAll(() => {
  for (const outbox of opened.splice(0)) outbox.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A place for an outbox that is gone after the spec. */
export function outboxPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'foreman-outbox-'));
  folders.push(folder);
  return join(folder, 'outbox.db');
}

/** An outbox that is closed after the spec. */
export function openedOutbox(file = outboxPath()): Outbox {
  const outbox = Outbox.open(file, { clock: new SystemClock(), log: silent });
  opened.push(outbox);
  return outbox;
}

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
    outbox: options.outbox ?? openedOutbox(),
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
