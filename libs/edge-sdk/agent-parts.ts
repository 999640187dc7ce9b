import type { Clock, IdSource, RandomSource } from '@foreman/kernel';
import type { AgentLog } from './agent-log';
import type { EdgeConnection } from './edge-connection';
import type { LostLease } from './lost-lease';
import type { Outbox } from './outbox/outbox';

/** What every part of the runtime is built on. */
export interface AgentParts {
  readonly connection: EdgeConnection;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly ids: IdSource;
  readonly log: AgentLog;
  /** This agent's alone; whoever opened it closes it, after `run()`. */
  readonly outbox: Outbox;
  /** Where inputs lie while their tasks run; without it, in the system's folder for temporary files. */
  readonly inputFolder?: string;
  /** Told of every lease that was lost, with what was given up for it. */
  readonly onLeaseLost?: (lost: LostLease) => void;
}
