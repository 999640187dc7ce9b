/** How much is measured. Sizes, not times: both sides of a pair do the same work. */
export interface BenchPlan {
  /** Pairs after the warm-up, if there is time. Odd, so that the median is a measured one. */
  readonly rounds: number;
  /** After this long, and three pairs, no further one of a comparison is begun: a machine that is busy gets fewer rounds. */
  readonly budgetMs: number;
  /** Rounds of the engine before the first that counts, so that the compiler has seen everything. */
  readonly engineWarmUpRounds: number;
  /** Jobs submitted, and then worked through, in one round. */
  readonly engineJobs: number;
  /** Queues, or claim groups, beside which tasks are leased. */
  readonly claimGroups: number;
  /** Leases in one round. */
  readonly claimLeases: number;
  /** Calls in one slice. */
  readonly httpCalls: number;
  /** Calls before the first slice, so that the compiler has seen them. */
  readonly httpWarmUpCalls: number;
  /** Small writes measured without uploads beside them. */
  readonly lanesWrites: number;
  /** How long small writes are measured beside uploads. */
  readonly lanesMs: number;
  /** Kept jobs beside which lists and counters are measured, once each. */
  readonly listsKept: readonly number[];
  /** How often each is asked for. */
  readonly listsRounds: number;
  /** Long polls that are parked. */
  readonly pollsParked: number;
  /** How long their first polls last; they are to outlast the parking and the time below. At most 50. */
  readonly pollsWaitSeconds: number;
  /** How long the statements of a gateway that only waits are counted. */
  readonly pollsIdleMs: number;
  /** Tasks submitted one after the other beside the parked polls, and again beside a single one. */
  readonly pollsTasks: number;
  /** Result rows of the job that is asked about. */
  readonly queriesRows: number;
  /** How often each question is asked. */
  readonly queriesRounds: number;
  /** Rows of one stream. */
  readonly resultRows: number;
  /** Rows of a stream before it, so that the compiler has seen everything, and the memory of a busy gateway is the one to grow. */
  readonly resultWarmUpRows: number;
  /** Uploads at once, and as many downloads. */
  readonly transfersAtOnce: number;
  /** Of each of them. */
  readonly transferBytes: number;
  /** Small writes measured without transfers beside them. */
  readonly transferWrites: number;
  /** Webhooks that are due when the gateway starts. */
  readonly webhooksBacklog: number;
  /** New events whose delay is measured, and as many with nothing else owed. */
  readonly webhooksEvents: number;
}

/** Four to five minutes on 2 idle cores, a good minute of them for the polls, two for the webhooks. */
export const FULL_PLAN: BenchPlan = {
  rounds: 5,
  budgetMs: 6000,
  engineWarmUpRounds: 2,
  engineJobs: 1000,
  claimGroups: 10_000,
  claimLeases: 1000,
  httpCalls: 480,
  httpWarmUpCalls: 640,
  lanesWrites: 3000,
  lanesMs: 3000,
  listsKept: [1000, 100_000],
  listsRounds: 200,
  pollsParked: 5000,
  pollsWaitSeconds: 50,
  pollsIdleMs: 30_000,
  pollsTasks: 500,
  queriesRows: 1_000_000,
  queriesRounds: 5,
  resultRows: 1_000_000,
  resultWarmUpRows: 5000,
  transfersAtOnce: 64,
  transferBytes: 8 * 1_048_576,
  transferWrites: 1000,
  webhooksBacklog: 100_000,
  webhooksEvents: 300,
};

/** Shows that everything runs; its figures mean nothing. */

export const QUICK_PLAN: BenchPlan = {
  rounds: 1,
  budgetMs: 1,
  engineWarmUpRounds: 1,
  engineJobs: 160,
  claimGroups: 200,
  claimLeases: 100,
  httpCalls: 48,
  httpWarmUpCalls: 48,
  lanesWrites: 100,
  lanesMs: 300,
  listsKept: [100, 2000],
  listsRounds: 3,
  pollsParked: 200,
  pollsWaitSeconds: 8,
  pollsIdleMs: 1000,
  pollsTasks: 20,
  queriesRows: 20_000,
  queriesRounds: 1,
  resultRows: 20_000,
  resultWarmUpRows: 1000,
  transfersAtOnce: 8,
  transferBytes: 1_048_576,
  transferWrites: 50,
  webhooksBacklog: 800,
  webhooksEvents: 10,
};

/** Callers in process, and connections over HTTP, that are busy at the same time. */
export const CALLERS = 16;
