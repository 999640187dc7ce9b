import { KeyRing } from '@foreman/kernel';

export interface ArtifactsOptions {
  /** JSON and text of at most this many stored bytes travel inline. Default 262144 (seed 002). */
  readonly inlineLimitBytes?: number;
  /** The largest artifact that is taken. Default 8388608: what is comfortable in SQLite. */
  readonly maxBytes?: number;
  /** How many bytes the artifacts of a task may have together. Default 1073741824. */
  readonly taskMaxBytes?: number;
  /** How many artifacts a task may have. Default 1000. */
  readonly taskMaxCount?: number;
  /** How many bytes the artifacts of a job may have together. Default 4294967296. */
  readonly jobMaxBytes?: number;
  /** How many artifacts a job may have. Default 10000. */
  readonly jobMaxCount?: number;
  /** How many uploads a lease may have under way at the same time. Default 8. */
  readonly uploadsPerLease?: number;
  /**
   * Base of the URLs that are handed out, without a slash at its end. A function where the port is
   * only known once the server listens.
   */
  readonly publicUrl: string | (() => string);
  /**
   * FOREMAN_SECRET_KEY, at least 32 bytes: URLs that need no bearer token are signed with a key made from it.
   * Absent: none can be made.
   */
  readonly secretKey?: Buffer | string;
  /** Keys that it took the place of: URLs that they signed still open. Default none. */
  readonly previousSecretKeys?: readonly (Buffer | string)[];
  /** While a body flows its lease is extended once in this many ms. Default 5000, the shortest lease. */
  readonly leaseExtensionMs?: number;
  /** How long an input is kept while no job names it, in seconds. Default one day. */
  readonly inputTtlSeconds?: number;
  /** How fast the scrub reads what is stored. Default 16777216, 16 MiB. */
  readonly scrubBytesPerSecond?: number;
  /** Bytes of an upload that has not moved for this many ms are swept. Default one hour. */
  readonly abandonedAfterMs?: number;
}

/** The options with their defaults in place; a class, so that it is its own injection token. */
export class ArtifactsSettings {
  readonly inlineLimitBytes: number;
  readonly maxBytes: number;
  readonly taskMaxBytes: number;
  readonly taskMaxCount: number;
  readonly jobMaxBytes: number;
  readonly jobMaxCount: number;
  readonly uploadsPerLease: number;
  readonly leaseExtensionMs: number;
  readonly inputTtlSeconds: number;
  readonly scrubBytesPerSecond: number;
  readonly abandonedAfterMs: number;
  readonly keyRing: KeyRing | null;
  private readonly base: () => string;

  /** @throws RangeError naming the option that is wrong. */
  constructor(options: ArtifactsOptions) {
    const { publicUrl } = options;
    this.inlineLimitBytes = wholeNumber('inlineLimitBytes', options.inlineLimitBytes ?? 262_144, 0);
    this.maxBytes = wholeNumber('maxBytes', options.maxBytes ?? 8_388_608, 1);
    this.taskMaxBytes = wholeNumber('taskMaxBytes', options.taskMaxBytes ?? 1_073_741_824, 1);
    this.taskMaxCount = wholeNumber('taskMaxCount', options.taskMaxCount ?? 1000, 1);
    this.jobMaxBytes = wholeNumber('jobMaxBytes', options.jobMaxBytes ?? 4_294_967_296, 1);
    this.jobMaxCount = wholeNumber('jobMaxCount', options.jobMaxCount ?? 10_000, 1);
    this.uploadsPerLease = wholeNumber('uploadsPerLease', options.uploadsPerLease ?? 8, 1);
    this.leaseExtensionMs = wholeNumber('leaseExtensionMs', options.leaseExtensionMs ?? 5000, 1);
    this.inputTtlSeconds = wholeNumber('inputTtlSeconds', options.inputTtlSeconds ?? 86_400, 1);
    this.scrubBytesPerSecond = wholeNumber(
      'scrubBytesPerSecond',
      options.scrubBytesPerSecond ?? 16_777_216,
      1,
    );
    this.abandonedAfterMs = wholeNumber(
      'abandonedAfterMs',
      options.abandonedAfterMs ?? 3_600_000,
      1,
    );
    this.keyRing =
      options.secretKey === undefined
        ? null
        : new KeyRing(options.secretKey, options.previousSecretKeys);
    this.base = typeof publicUrl === 'string' ? () => publicUrl : publicUrl;
  }

  /** Where a job's artifact is fetched. Artifact names need no escaping (contract). */
  urlOf(jobId: string, name: string): string {
    return this.urlAt(`/jobs/${jobId}/artifacts/${name}`);
  }

  /** Where a path of the gateway is reached from outside, behind a prefix if there is one. */
  urlAt(path: string): string {
    return this.base().replace(/\/+$/, '') + path;
  }
}

function wholeNumber(name: string, value: number, min: number): number {
  if (!Number.isSafeInteger(value) || value < min) {
    throw new RangeError(`${name} must be a whole number of at least ${min}, not ${value}`);
  }
  return value;
}
