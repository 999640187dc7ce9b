import { resolve } from 'node:path';
import { cronExpression } from './cron-expression';
import { LOG_LEVELS } from './gateway-options';
import {
  type Parse,
  SettingRefused,
  adminToken,
  cidr,
  hostName,
  hostPattern,
  listOf,
  oneOf,
  orOff,
  portList,
  publicUrl,
  releaseKey,
  secretKey,
  sqliteUrl,
  wholeNumber,
  yesOrNo,
} from './setting-parsers';

/** The settings are wrong; `findings` names each one. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly findings: readonly string[]) {
    super(`Settings are wrong:\n${findings.map((finding) => `  ${finding}`).join('\n')}`);
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
/** SQLite's own limit on one value is 1 GB; a JSON document is one value. */
const MAX_DOCUMENT_BYTES = 512 * MEBIBYTE;
/** Each is a row that is published, hidden and pruned with the rest of its job. */
const MAX_ARTIFACTS = 100_000;
const DAY_SECONDS = 24 * 3600;
const YEAR_SECONDS = 366 * DAY_SECONDS;

/** The Standard Webhooks schedule of the contract, in seconds. */
const WEBHOOK_RETRY_SECONDS = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400];

/** Reads every setting of the contract. @throws SettingsError naming all that are wrong. */
export function readSettings(environment: Environment) {
  const reader = new SettingsReader(environment);
  const settings = {
    host: reader.read('HOST', hostName, '127.0.0.1'),
    port: reader.read('PORT', wholeNumber(0, 65_535), 8080),
    dataDir: resolve(reader.read('FOREMAN_DATA_DIR', (text) => text, './data')),
    databaseFile: reader.read('FOREMAN_DATABASE_URL', sqliteUrl, null),
    publicUrl: reader.read('FOREMAN_PUBLIC_URL', publicUrl, null),
    adminToken: reader.read('FOREMAN_ADMIN_TOKEN', adminToken, null),
    secretKey: reader.read('FOREMAN_SECRET_KEY', secretKey, null),
    previousSecretKeys: reader.read('FOREMAN_SECRET_KEY_PREVIOUS', listOf(secretKey), []),
    leaseSeconds: reader.read('FOREMAN_LEASE_SECONDS', wholeNumber(5, 3600), 60),
    maxParkedPolls: reader.read('FOREMAN_MAX_PARKED_POLLS', wholeNumber(1, 1_000_000), 10_000),
    maxEventReaders: reader.read('FOREMAN_MAX_EVENT_READERS', wholeNumber(1, 100_000), 1000),
    inlineLimitBytes: reader.read('FOREMAN_INLINE_LIMIT_BYTES', bytes(0, 64 * MEBIBYTE), 262_144),
    webhookInlineBudgetBytes: reader.read(
      'FOREMAN_WEBHOOK_INLINE_BUDGET_BYTES',
      bytes(0, 64 * MEBIBYTE),
      MEBIBYTE,
    ),
    artifactMaxBytes: reader.read('FOREMAN_ARTIFACT_MAX_BYTES', bytes(1, GIBIBYTE), 8 * MEBIBYTE),
    taskArtifactsMaxBytes: reader.read(
      'FOREMAN_TASK_ARTIFACTS_MAX_BYTES',
      bytes(1, 1024 * GIBIBYTE),
      GIBIBYTE,
    ),
    taskArtifactsMaxCount: reader.read(
      'FOREMAN_TASK_ARTIFACTS_MAX_COUNT',
      wholeNumber(1, MAX_ARTIFACTS),
      1000,
    ),
    jobArtifactsMaxBytes: reader.read(
      'FOREMAN_JOB_ARTIFACTS_MAX_BYTES',
      bytes(1, 1024 * GIBIBYTE),
      4 * GIBIBYTE,
    ),
    jobArtifactsMaxCount: reader.read(
      'FOREMAN_JOB_ARTIFACTS_MAX_COUNT',
      wholeNumber(1, MAX_ARTIFACTS),
      10_000,
    ),
    uploadsPerLease: reader.read('FOREMAN_UPLOADS_PER_LEASE', wholeNumber(1, 1000), 8),
    maxUploads: reader.read('FOREMAN_MAX_UPLOADS', wholeNumber(1, 100_000), 256),
    uploadIdleSeconds: reader.read('FOREMAN_UPLOAD_IDLE_SECONDS', wholeNumber(1, 3600), 60),
    maxDownloads: reader.read('FOREMAN_MAX_DOWNLOADS', wholeNumber(1, 100_000), 256),
    maxSignedDownloads: reader.read('FOREMAN_MAX_SIGNED_DOWNLOADS', wholeNumber(1, 100_000), 256),
    downloadIdleSeconds: reader.read('FOREMAN_DOWNLOAD_IDLE_SECONDS', wholeNumber(1, 3600), 60),
    inputTtlSeconds: reader.read(
      'FOREMAN_INPUT_TTL_SECONDS',
      wholeNumber(1, YEAR_SECONDS - DAY_SECONDS),
      DAY_SECONDS,
    ),
    jsonLimitBytes: reader.read(
      'FOREMAN_JSON_LIMIT_BYTES',
      bytes(1024, MAX_DOCUMENT_BYTES),
      8 * MEBIBYTE,
    ),
    resultsLimitBytes: reader.read(
      'FOREMAN_RESULTS_LIMIT_BYTES',
      bytes(1024, MAX_DOCUMENT_BYTES),
      16 * MEBIBYTE,
    ),
    diskReserveBytes: reader.read(
      'FOREMAN_DISK_RESERVE_BYTES',
      bytes(0, 1024 * GIBIBYTE),
      256 * MEBIBYTE,
    ),
    jobTtlSeconds: reader.read(
      'FOREMAN_JOB_TTL_SECONDS',
      wholeNumber(0, 10 * YEAR_SECONDS),
      7 * DAY_SECONDS,
    ),
    retentionCron: reader.read('FOREMAN_RETENTION_CRON', cronExpression, '* * * * *'),
    scrubCron: reader.read('FOREMAN_SCRUB_CRON', orOff(cronExpression), '17 3 * * *'),
    scrubBytesPerSecond: reader.read(
      'FOREMAN_SCRUB_BYTES_PER_SECOND',
      bytes(65_536, 1024 * GIBIBYTE),
      16 * MEBIBYTE,
    ),
    deliveryHoldSeconds: reader.read(
      'FOREMAN_DELIVERY_HOLD_SECONDS',
      wholeNumber(0, YEAR_SECONDS),
      4 * DAY_SECONDS,
    ),
    webhookAllowedNetworks: reader.read('FOREMAN_WEBHOOK_ALLOWED_NETWORKS', listOf(cidr), []),
    webhookDeniedHosts: reader.read('FOREMAN_WEBHOOK_DENIED_HOSTS', listOf(hostPattern), []),
    webhookDeniedPorts: reader.read('FOREMAN_WEBHOOK_DENIED_PORTS', portList, []),
    webhookRetrySeconds: reader.read(
      'FOREMAN_WEBHOOK_RETRY_SECONDS',
      listOf(wholeNumber(0, 30 * DAY_SECONDS)),
      WEBHOOK_RETRY_SECONDS,
    ),
    webhookDisableAfterSeconds: reader.read(
      'FOREMAN_WEBHOOK_DISABLE_AFTER_SECONDS',
      wholeNumber(1, YEAR_SECONDS),
      5 * DAY_SECONDS,
    ),
    releasePublicKeys: reader.read('FOREMAN_RELEASE_PUBLIC_KEYS', listOf(releaseKey), []),
    metricsPublic: reader.read('FOREMAN_METRICS_PUBLIC', yesOrNo, false),
    logLevel: reader.read('FOREMAN_LOG_LEVEL', oneOf(LOG_LEVELS), 'info' as const),
  };
  reader.finish();
  return settings;
}

function bytes(min: number, max: number): Parse<number> {
  return wholeNumber(min, max);
}

/** Collects what is wrong instead of stopping at the first. */
class SettingsReader {
  private readonly findings: string[] = [];

  constructor(private readonly environment: Environment) {}

  /** An unset or empty variable is its default. */
  read<T, D>(name: string, parse: Parse<T>, fallback: D): T | D {
    const text = this.environment[name];
    if (text === undefined || text.trim() === '') return fallback;
    try {
      return parse(text.trim());
    } catch (error) {
      if (!(error instanceof SettingRefused)) throw error;
      // The value itself stays out of the message: it may be a secret.
      this.findings.push(`${name} ${error.message}`);
      return fallback;
    }
  }

  finish(): void {
    if (this.findings.length > 0) throw new SettingsError(this.findings);
  }
}
