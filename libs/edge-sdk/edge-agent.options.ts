import { invalidField } from '@foreman/kernel';
import type { AgentParts } from './agent-parts';
import type { Executor } from './executor';

export interface EdgeAgentOptions extends AgentParts {
  /** One per kind; the agent polls for these kinds only. */
  readonly executors: readonly Executor[];
  /** Tasks at a time (1..100). */
  readonly concurrency?: number;
  /** How long a poll may be parked (0..50). */
  readonly waitSeconds?: number;
  /** How long running tasks may go on after `stop()` before their leases are handed back. */
  readonly graceSeconds?: number;
  readonly agentVersion?: string;
  /** Told the `release` of every heartbeat's answer that has one, unverified: see `ReleaseWatch`. */
  readonly releaseOffered?: (release: unknown) => void;
}

export const DEFAULT_CONCURRENCY = 1;
/** Below the 30 s after which many proxies cut an idle call. */
export const DEFAULT_WAIT_SECONDS = 25;
/** Supervisors commonly kill 10 s after SIGTERM (docker stop): what is left is for handing back. */
export const DEFAULT_GRACE_SECONDS = 6;

const MAX_CONCURRENCY = 100;
const MAX_WAIT_SECONDS = 50;

type MayBeAbsent = 'agentVersion' | 'inputFolder' | 'onLeaseLost' | 'releaseOffered';

export type CheckedAgentOptions = Required<Omit<EdgeAgentOptions, MayBeAbsent>> &
  Pick<EdgeAgentOptions, MayBeAbsent>;

/** Fills the defaults in; throws `request.invalid` for what the contract would not take. */
export function checkedOptions(options: EdgeAgentOptions): CheckedAgentOptions {
  const {
    concurrency = DEFAULT_CONCURRENCY,
    waitSeconds = DEFAULT_WAIT_SECONDS,
    graceSeconds = DEFAULT_GRACE_SECONDS,
  } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY) {
    throw invalidField('concurrency', `must be a whole number from 1 to ${MAX_CONCURRENCY}`);
  }
  if (!(waitSeconds >= 0 && waitSeconds <= MAX_WAIT_SECONDS)) {
    throw invalidField('waitSeconds', `must be from 0 to ${MAX_WAIT_SECONDS}`);
  }
  if (!(graceSeconds >= 0)) throw invalidField('graceSeconds', 'must not be negative');
  const kinds = options.executors.map((executor) => executor.kind);
  if (kinds.length === 0) throw invalidField('executors', 'must name at least one kind');
  if (new Set(kinds).size < kinds.length) {
    throw invalidField('executors', 'must name each kind once');
  }
  return { ...options, concurrency, waitSeconds, graceSeconds };
}
