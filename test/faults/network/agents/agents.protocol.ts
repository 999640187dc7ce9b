/** The argument with which the program is a group of agents, and not a run. */
export const AGENTS_PROGRAM = 'agents';

/** One enrolled edge, and its own way to the gateway. */
export interface AgentPlace {
  readonly name: string;
  readonly token: string;
  readonly baseUrl: string;
  /** Tasks at a time. */
  readonly concurrency: number;
}

/** What the run tells a group: first its agents and a folder of its own, at the end that it may stop. */
export type AgentsOrder =
  | { readonly start: { readonly agents: readonly AgentPlace[]; readonly folder: string } }
  | { readonly stop: true };

/** What a group tells at its end. */
export interface AgentsNotice {
  /** Agents that ended by themselves, and why. */
  readonly faults: readonly string[];
  /** What they logged as errors. */
  readonly errors: readonly string[];
  /** Leases that agents were told to be lost, and what they gave up for them. */
  readonly lostLeaseCount: number;
  readonly droppedEntryCount: number;
}
