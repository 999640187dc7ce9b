import type { BackoffPolicy } from '@foreman/kernel';

export interface JobsOptions {
  /** A lease's length where the job names none, in seconds. Default 60. */
  readonly leaseSeconds?: number;
  /** How long a finalized job is kept where it names no ttl, in seconds. Default 7 days. */
  readonly ttlSeconds?: number;
  /** Wait before a failed or expired attempt is tried again. Default 1 s doubling to 5 min, jitter 10%. */
  readonly retryBackoff?: BackoffPolicy;
}

export const JOBS_OPTIONS = Symbol('JOBS_OPTIONS');

export type ResolvedJobsOptions = Required<JobsOptions>;

export function jobsOptions(options: JobsOptions): ResolvedJobsOptions {
  return {
    leaseSeconds: options.leaseSeconds ?? 60,
    ttlSeconds: options.ttlSeconds ?? 604_800,
    retryBackoff: options.retryBackoff ?? { baseMs: 1000, maxMs: 300_000, jitter: 0.1 },
  };
}
