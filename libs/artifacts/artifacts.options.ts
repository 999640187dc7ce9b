export interface ArtifactsOptions {
  /** JSON and text of at most this many stored bytes travel inline. Default 262144 (seed 002). */
  readonly inlineLimitBytes?: number;
  /** The largest artifact that is taken. Default 8388608: what is comfortable in SQLite. */
  readonly maxBytes?: number;
  /**
   * Base of the URLs that are handed out, without a slash at its end. A function where the port is
   * only known once the server listens.
   */
  readonly publicUrl: string | (() => string);
  /** While a body flows its lease is extended once in this many ms. Default 5000, the shortest lease. */
  readonly leaseExtensionMs?: number;
  /** Bytes of an upload that has not moved for this many ms are swept. Default one hour. */
  readonly abandonedAfterMs?: number;
}

/** The options with their defaults in place; a class, so that it is its own injection token. */
export class ArtifactsSettings {
  readonly inlineLimitBytes: number;
  readonly maxBytes: number;
  readonly leaseExtensionMs: number;
  readonly abandonedAfterMs: number;
  private readonly base: () => string;

  /** @throws RangeError naming the option that is wrong. */
  constructor(options: ArtifactsOptions) {
    const { publicUrl } = options;
    this.inlineLimitBytes = wholeNumber('inlineLimitBytes', options.inlineLimitBytes ?? 262_144, 0);
    this.maxBytes = wholeNumber('maxBytes', options.maxBytes ?? 8_388_608, 1);
    this.leaseExtensionMs = wholeNumber('leaseExtensionMs', options.leaseExtensionMs ?? 5000, 1);
    this.abandonedAfterMs = wholeNumber(
      'abandonedAfterMs',
      options.abandonedAfterMs ?? 3_600_000,
      1,
    );
    this.base = typeof publicUrl === 'string' ? () => publicUrl : publicUrl;
  }

  /** Where a job's artifact is fetched. Artifact names need no escaping (contract). */
  urlOf(jobId: string, name: string): string {
    return `${this.base().replace(/\/+$/, '')}/jobs/${jobId}/artifacts/${name}`;
  }
}

function wholeNumber(name: string, value: number, min: number): number {
  if (!Number.isSafeInteger(value) || value < min) {
    throw new RangeError(`${name} must be a whole number of at least ${min}, not ${value}`);
  }
  return value;
}
