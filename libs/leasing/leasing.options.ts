export interface LeasingOptions {
  /** Parked polls at the most; more get `rate.limited`. Default 10000. */
  readonly maxParkedPolls?: number;
  /** Parked polls of one edge at the most; one more ends its oldest. Default 16. */
  readonly maxParkedPollsPerEdge?: number;
  /** Tasks that one sweep of the lease expiry looks at in one transaction. Default 100. */
  readonly sweepBatch?: number;
}

export const LEASING_OPTIONS = Symbol('LEASING_OPTIONS');

export type ResolvedLeasingOptions = Required<LeasingOptions>;

export function leasingOptions(options: LeasingOptions): ResolvedLeasingOptions {
  return {
    maxParkedPolls: options.maxParkedPolls ?? 10_000,
    maxParkedPollsPerEdge: options.maxParkedPollsPerEdge ?? 16,
    sweepBatch: options.sweepBatch ?? 100,
  };
}
