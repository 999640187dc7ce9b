import type { BlobSweepCounts } from '@foreman/artifacts';
import type { Work } from './load/gateway-link';
import type { KillPlan } from './plan/kill-plan';

/** One kill, and what it met. */
export interface Kill {
  readonly plan: KillPlan;
  readonly underWay: ReadonlyMap<Work, number>;
  /** Artifacts that were read, and found right or not, once the gateway was back. */
  readonly artifactsRead: number;
}

/** All that is known of a run when it is over. */
export interface ArtifactsRecord {
  readonly kills: readonly Kill[];
  readonly jobs: number;
  /** Calls that were made again. */
  readonly cutCalls: number;
  /** What the sweep removed, two hours later. */
  readonly sweep: BlobSweepCounts;
  readonly artifactsKept: number;
  readonly seconds: number;
  /** What is wrong; empty when all is well. */
  readonly findings: readonly string[];
}
