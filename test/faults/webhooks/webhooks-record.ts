import type { AnswerPlan } from './plan/answer-plan';
import type { KillPlan } from './plan/kill-plan';

/** One kill, and what it met. */
export interface Kill {
  readonly plan: KillPlan;
  /** Posts that had arrived and were not answered. */
  readonly openPosts: number;
}

/** All that is known of a run when it is over. */
export interface WebhooksRecord {
  readonly kills: readonly Kill[];
  readonly jobs: number;
  /** Events owed, each counted for each endpoint. */
  readonly owed: number;
  readonly arrivals: number;
  /** Arrivals of what had been answered 204 before: the answer was lost with its gateway. */
  readonly repeated: number;
  readonly answers: ReadonlyMap<AnswerPlan, number>;
  /** Calls that were made again. */
  readonly cutCalls: number;
  readonly seconds: number;
  /** What is wrong; empty when all is well. */
  readonly findings: readonly string[];
}
