import type { AnswerPlan } from './plan/answer-plan';

/** Where events are sent, and what they are signed with. */
export interface EndpointEntry {
  /** Of its URL; no other has it. */
  readonly path: string;
  /** As Standard Webhooks write it. */
  readonly secret: string;
}

/** A job whose events are owed: its end in each of its runs. */
export interface JobEntry {
  readonly jobId: string;
  readonly runs: number;
  /** Paths of the endpoints that they are owed to. */
  readonly paths: readonly string[];
}

/** One post, as it arrived. */
export interface Arrival {
  readonly path: string;
  /** `webhook-id`, `webhook-timestamp` and `webhook-signature`. */
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  readonly answer: AnswerPlan;
}

/** All that is known of a run by those around the gateway. */
export interface Ledger {
  readonly endpoints: EndpointEntry[];
  readonly jobs: JobEntry[];
  readonly arrivals: Arrival[];
}
