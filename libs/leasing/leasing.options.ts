export interface LeasingOptions {
  /** Parked polls at the most; more get `rate.limited`. Default 10000. */
  readonly maxParkedPolls?: number;
  /** Tasks that one sweep of the lease expiry looks at in one transaction. Default 100. */
  readonly sweepBatch?: number;
}

export const LEASING_OPTIONS = Symbol('LEASING_OPTIONS');

export type ResolvedLeasingOptions = Required<LeasingOptions>;

export function leasingOptions(options: LeasingOptions): ResolvedLeasingOptions {
  return {
    maxParkedPolls: options.maxParkedPolls ?? 10_000,
    sweepBatch: options.sweepBatch ?? 100,
  };
}
