import { backoffMs, delay } from '@foreman/kernel';
import type { BackoffPolicy } from '@foreman/kernel';
import type { CallOptions } from './foreman-client.options';
import type { GatewaySession } from './gateway-session';
import type { Job } from './protocol.types';

export interface WaitOptions extends CallOptions {
  /** How the questions thin out; by default from every quarter of a second to every five seconds. */
  readonly policy?: BackoffPolicy;
  /** Called with every answer, the last included: for progress. */
  readonly onUpdate?: (job: Job) => void;
}

const DEFAULT_POLICY: BackoffPolicy = { baseMs: 250, maxMs: 5_000, jitter: 0.2 };
const FINALIZED = new Set<Job['status']>(['completed', 'failed', 'cancelled']);

/** Asks for the job until it is finalized. Rejects with the signal's reason when it aborts. */
export async function waitForFinalized(
  { clock, random }: Pick<GatewaySession, 'clock' | 'random'>,
  ask: () => Promise<Job>,
  { signal, policy = DEFAULT_POLICY, onUpdate }: WaitOptions,
): Promise<Job> {
  for (let questions = 1; ; questions += 1) {
    const job = await ask();
    onUpdate?.(job);
    if (FINALIZED.has(job.status)) return job;
    await delay(clock, backoffMs(policy, questions, random), signal);
    signal?.throwIfAborted();
  }
}
