import type { Ending } from '../../e2e/harness/gateway-process';
import type { AgentsNotice } from './agents/agents.protocol';
import type { Outcome } from './outcome/outcome.types';
import type { DatabaseFacts } from './outcome/read-database';
import type { ExchangeJournal } from './proxy/exchange-journal';

/** All that is known of a run when it is over. */
export interface NetworkRecord {
  readonly outcome: Outcome;
  readonly facts: DatabaseFacts;
  readonly journal: ExchangeJournal;
  readonly notice: AgentsNotice;
  readonly gatewayEnding: Ending;
  readonly gatewayLog: string;
  readonly seconds: {
    readonly submitting: number;
    /** From the first submission until the last task was done. */
    readonly working: number;
    /** Until the agents had stopped and the last duplicate had arrived. */
    readonly untilCalm: number;
  };
}
