/** Everything an operator may set, validated (contract, "Settings"). Sizes in bytes, times in seconds. */
export interface GatewayOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly databaseFile: string;
  /** Base of the urls that are handed out, without a trailing slash; null: from host and port. */
  readonly publicUrl: string | null;
  readonly adminToken: string;
  /** 32 bytes: encrypts webhook secrets, signs urls. */
  readonly secretKey: Buffer;
  /** Keys that it took the place of: they open and verify, and make nothing new. */
  readonly previousSecretKeys: readonly Buffer[];
  readonly leaseSeconds: number;
  /** Long polls that may wait at the same time. */
  readonly maxParkedPolls: number;
  /** Readers of live events at the same time. */
  readonly maxEventReaders: number;
  readonly inlineLimitBytes: number;
  readonly webhookInlineBudgetBytes: number;
  readonly artifactMaxBytes: number;
  /** What a task and a job may have together. */
  readonly taskArtifactsMaxBytes: number;
  readonly taskArtifactsMaxCount: number;
  readonly jobArtifactsMaxBytes: number;
  readonly jobArtifactsMaxCount: number;
  /** Uploads under way at the same time. */
  readonly uploadsPerLease: number;
  readonly maxUploads: number;
  /** A request of whose body nothing comes for so long is cut off. */
  readonly uploadIdleSeconds: number;
  /** Streams of stored bytes at the same time, to callers with a token, and to those with a signed URL. */
  readonly maxDownloads: number;
  readonly maxSignedDownloads: number;
  /** A reader that takes nothing for so long of bytes, or of any answer that is complete, is cut off. */
  readonly downloadIdleSeconds: number;
  /** How long an input is kept while no job names it, unless it says so itself. */
  readonly inputTtlSeconds: number;
  readonly jsonLimitBytes: number;
  readonly resultsLimitBytes: number;
  readonly diskReserveBytes: number;
  readonly jobTtlSeconds: number;
  readonly retentionCron: string;
  /** Null: the scrub runs when it is asked for only. */
  readonly scrubCron: string | null;
  readonly scrubBytesPerSecond: number;
  readonly deliveryHoldSeconds: number;
  /** CIDRs that webhooks may reach though they are private; these may also use http. */
  readonly webhookAllowedNetworks: readonly string[];
  /** Names, `*.example.com`, addresses, CIDRs that webhooks may not reach though their network is allowed. */
  readonly webhookDeniedHosts: readonly string[];
  /** Besides those of the Fetch standard's port blocking list. */
  readonly webhookDeniedPorts: readonly number[];
  /** Delays before the second, third, ... try of a delivery. */
  readonly webhookRetrySeconds: readonly number[];
  /** A standing endpoint without a success for this long is disabled. */
  readonly webhookDisableAfterSeconds: number;
  readonly releasePublicKeys: readonly string[];
  readonly metricsPublic: boolean;
  readonly logLevel: LogLevel;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Injection token of the frozen options. */
export const GATEWAY_OPTIONS = Symbol('GatewayOptions');
