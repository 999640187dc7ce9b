/** How the gateway of a bench commits the pieces of large bodies. */
export interface BulkHandling {
  /** In the lane of the small writes, as if there were only one. */
  readonly isOneLane: boolean;
}

/** The variable of the environment that holds it as JSON. */
export const BULK_HANDLING = 'FOREMAN_BENCH_BULK_HANDLING';

/** What the bench asks a watched gateway; any message will do. */
export const TAKE_WRITES = 'take writes';

/** What it answers: how long its small writes took since it was asked last, from the call to the commit, in ms. */
export type WriteTimes = readonly number[];
