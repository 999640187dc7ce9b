export interface ResultsOptions {
  /** A streamed body stores what it has and extends its lease after this many ms. Default 5000, the shortest lease. */
  readonly leaseExtensionMs?: number;
  /** A CSV export with more columns is refused: its header is held in memory. Default 10000. */
  readonly maxCsvColumns?: number;
  /** Sorted, filtered or summed up reads of whole jobs that run at the same time. Default 2: they share one thread. */
  readonly maxHeavyReads?: number;
  /** Those that may wait for their turn; more are refused. Default 32. */
  readonly maxWaitingReads?: number;
  /** Exports that are open at the same time, however slowly they are read; more are refused. Default 32. */
  readonly maxOpenExports?: number;
}

/** The options with their defaults in place; a class, so that it is its own injection token. */
export class ResultsSettings {
  readonly leaseExtensionMs: number;
  readonly maxCsvColumns: number;
  readonly maxHeavyReads: number;
  readonly maxWaitingReads: number;
  readonly maxOpenExports: number;

  /** @throws RangeError naming the option that is wrong. */
  constructor(options: ResultsOptions = {}) {
    this.leaseExtensionMs = atLeastOne('leaseExtensionMs', options.leaseExtensionMs ?? 5000);
    this.maxCsvColumns = atLeastOne('maxCsvColumns', options.maxCsvColumns ?? 10_000);
    this.maxHeavyReads = atLeastOne('maxHeavyReads', options.maxHeavyReads ?? 2);
    this.maxWaitingReads = atLeastOne('maxWaitingReads', options.maxWaitingReads ?? 32);
    this.maxOpenExports = atLeastOne('maxOpenExports', options.maxOpenExports ?? 32);
  }
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  }
  return value;
}
