export interface ResultsOptions {
  /** A streamed body stores what it has and extends its lease after this many ms. Default 5000, the shortest lease. */
  readonly leaseExtensionMs?: number;
  /** A CSV export with more columns is refused: its header is held in memory. Default 10000. */
  readonly maxCsvColumns?: number;
}

/** The options with their defaults in place; a class, so that it is its own injection token. */
export class ResultsSettings {
  readonly leaseExtensionMs: number;
  readonly maxCsvColumns: number;

  /** @throws RangeError naming the option that is wrong. */
  constructor(options: ResultsOptions = {}) {
    this.leaseExtensionMs = atLeastOne('leaseExtensionMs', options.leaseExtensionMs ?? 5000);
    this.maxCsvColumns = atLeastOne('maxCsvColumns', options.maxCsvColumns ?? 10_000);
  }
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  }
  return value;
}
