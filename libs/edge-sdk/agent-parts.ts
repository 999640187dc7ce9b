import type { Clock, IdSource, RandomSource } from '@foreman/kernel';
import type { AgentLog } from './agent-log';
import type { EdgeConnection } from './edge-connection';

/** What every part of the runtime is built on. */
export interface AgentParts {
  readonly connection: EdgeConnection;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly ids: IdSource;
  readonly log: AgentLog;
}
