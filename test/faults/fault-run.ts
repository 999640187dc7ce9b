/** One named run of `npm run faults`: it makes things go wrong by a seed, and judges what came out of it. */
export interface FaultRun {
  /** Its options, a line each. */
  readonly usage: string;
  /** Reads its own arguments and runs. Answers whether all was well; throws when it could not judge. */
  start(args: readonly string[]): Promise<boolean>;
}
