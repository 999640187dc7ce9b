import { SettingsError, readSettings } from './settings';

const refusedOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.findings;
    throw error;
  }
  return [];
};

describe('settings', () => {
  it('have the defaults of the contract', () => {
    expect(readSettings({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataDir: `${process.cwd()}/data`,
      databaseFile: null,
      publicUrl: null,
      adminToken: null,
      secretKey: null,
      previousSecretKeys: [],
      leaseSeconds: 60,
      maxParkedPolls: 10_000,
      inlineLimitBytes: 262_144,
      webhookInlineBudgetBytes: 1_048_576,
      artifactMaxBytes: 8_388_608,
      taskArtifactsMaxBytes: 1_073_741_824,
      taskArtifactsMaxCount: 1000,
      jobArtifactsMaxBytes: 4_294_967_296,
      jobArtifactsMaxCount: 10_000,
      uploadsPerLease: 8,
      maxUploads: 256,
      uploadIdleSeconds: 60,
      maxDownloads: 256,
      maxSignedDownloads: 256,
      downloadIdleSeconds: 60,
      inputTtlSeconds: 86_400,
      jsonLimitBytes: 8_388_608,
      resultsLimitBytes: 16_777_216,
      diskReserveBytes: 268_435_456,
      jobTtlSeconds: 604_800,
      retentionCron: '* * * * *',
      scrubCron: '17 3 * * *',
      scrubBytesPerSecond: 16_777_216,
      deliveryHoldSeconds: 345_600,
      webhookAllowedNetworks: [],
      webhookDeniedHosts: [],
      webhookDeniedPorts: [],
      webhookRetrySeconds: [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
      webhookDisableAfterSeconds: 432_000,
      releasePublicKeys: [],
      metricsPublic: false,
      logLevel: 'info',
    });
  });

  it.each([
    ['off', null],
    ['0 4 * * sun', '0 4 * * sun'],
  ])('scrub when they say: %s', (text, scrubCron) => {
    expect(readSettings({ FOREMAN_SCRUB_CRON: text })).toMatchObject({ scrubCron });
  });

  it('take what is set', () => {
    const key = Buffer.alloc(32, 7);
    expect(
      readSettings({
        HOST: '::1',
        PORT: '0',
        FOREMAN_DATABASE_URL: 'sqlite:/var/lib/foreman/db',
        FOREMAN_PUBLIC_URL: 'https://foreman.example.com/base/',
        FOREMAN_ADMIN_TOKEN: `fmk_${'a'.repeat(43)}`,
        FOREMAN_SECRET_KEY: key.toString('base64url'),
        FOREMAN_SECRET_KEY_PREVIOUS: ` ${key.toString('base64')} , ${key.toString('base64url')}`,
        FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/8, fd00::/8',
        FOREMAN_WEBHOOK_DENIED_HOSTS:
          'db.example, *.corp.example, 10.0.0.5, fd00::/8, bücher.example',
        FOREMAN_WEBHOOK_DENIED_PORTS: '0-2, 5432',
        FOREMAN_WEBHOOK_RETRY_SECONDS: '1,2,3',
        FOREMAN_METRICS_PUBLIC: 'true',
        FOREMAN_LOG_LEVEL: 'debug',
        FOREMAN_RETENTION_CRON: '*/10 0-6 * * MON-FRI',
      }),
    ).toMatchObject({
      host: '::1',
      port: 0,
      databaseFile: '/var/lib/foreman/db',
      publicUrl: 'https://foreman.example.com/base',
      adminToken: `fmk_${'a'.repeat(43)}`,
      secretKey: key,
      previousSecretKeys: [key, key],
      webhookAllowedNetworks: ['10.0.0.0/8', 'fd00::/8'],
      webhookDeniedHosts: [
        'db.example',
        '*.corp.example',
        '10.0.0.5',
        'fd00::/8',
        'bücher.example',
      ],
      webhookDeniedPorts: [0, 1, 2, 5432],
      webhookRetrySeconds: [1, 2, 3],
      metricsPublic: true,
      logLevel: 'debug',
      retentionCron: '*/10 0-6 * * MON-FRI',
    });
  });

  it('count as unset when they are empty', () => {
    expect(readSettings({ PORT: '', FOREMAN_LEASE_SECONDS: ' ' })).toMatchObject({
      port: 8080,
      leaseSeconds: 60,
    });
  });

  it.each([
    ['HOST', 'not a host'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['PORT', '-1'],
    ['PORT', '0x50'],
    ['FOREMAN_DATABASE_URL', 'postgres://localhost/foreman'],
    ['FOREMAN_PUBLIC_URL', 'foreman.example.com'],
    ['FOREMAN_PUBLIC_URL', 'ftp://foreman.example.com'],
    ['FOREMAN_PUBLIC_URL', 'https://foreman.example.com/?a=b'],
    ['FOREMAN_ADMIN_TOKEN', 'fmk_short'],
    ['FOREMAN_ADMIN_TOKEN', `fme_${'a'.repeat(43)}`],
    ['FOREMAN_SECRET_KEY', 'c2hvcnQ='],
    ['FOREMAN_SECRET_KEY', '!'.repeat(43)],
    ['FOREMAN_SECRET_KEY_PREVIOUS', `${'A'.repeat(43)}=,c2hvcnQ=`],
    ['FOREMAN_LEASE_SECONDS', '4'],
    ['FOREMAN_LEASE_SECONDS', '3601'],
    ['FOREMAN_MAX_PARKED_POLLS', '0'],
    ['FOREMAN_MAX_PARKED_POLLS', 'many'],
    ['FOREMAN_MAX_EVENT_READERS', '0'],
    ['FOREMAN_INLINE_LIMIT_BYTES', '256 KiB'],
    ['FOREMAN_ARTIFACT_MAX_BYTES', '0'],
    ['FOREMAN_INPUT_TTL_SECONDS', '0'],
    ['FOREMAN_JSON_LIMIT_BYTES', '1e9'],
    ['FOREMAN_DISK_RESERVE_BYTES', '-1'],
    ['FOREMAN_JOB_TTL_SECONDS', 'a week'],
    ['FOREMAN_RETENTION_CRON', 'hourly'],
    ['FOREMAN_RETENTION_CRON', '60 * * * *'],
    ['FOREMAN_RETENTION_CRON', '* * * *'],
    ['FOREMAN_RETENTION_CRON', '*/0 * * * *'],
    ['FOREMAN_RETENTION_CRON', '* * * feb-jan *'],
    ['FOREMAN_WEBHOOK_ALLOWED_NETWORKS', '10.0.0.0/8,10.0.0.1'],
    ['FOREMAN_WEBHOOK_DENIED_HOSTS', 'fine.example,https://db.example/'],
    ['FOREMAN_WEBHOOK_DENIED_HOSTS', 'db.example/8'],
    ['FOREMAN_WEBHOOK_DENIED_HOSTS', '10.0.0.0/33'],
    ['FOREMAN_WEBHOOK_DENIED_HOSTS', '*'],
    ['FOREMAN_WEBHOOK_DENIED_PORTS', '5432,https'],
    ['FOREMAN_WEBHOOK_DENIED_PORTS', '1024-22'],
    ['FOREMAN_WEBHOOK_DENIED_PORTS', '1-2-3'],
    ['FOREMAN_WEBHOOK_DENIED_PORTS', '70000'],
    ['FOREMAN_WEBHOOK_RETRY_SECONDS', '5,soon'],
    ['FOREMAN_RELEASE_PUBLIC_KEYS', 'abc'],
    ['FOREMAN_METRICS_PUBLIC', 'yes'],
    ['FOREMAN_LOG_LEVEL', 'loud'],
  ])('name %s when it is %j, without showing it', (name, value) => {
    const findings = refusedOf({ [name]: value });
    expect(findings).toEqual([expect.stringMatching(new RegExp(`^${name} must be `))]);
  });

  it('are refused all at once', () => {
    const findings = refusedOf({ PORT: 'x', FOREMAN_LEASE_SECONDS: 'x', FOREMAN_LOG_LEVEL: 'x' });
    expect(findings).toHaveLength(3);
  });

  it.each(['* * * * *', '0 */5 * * * *', '0,30 8-18/2 1 jan-mar,dec sun', '0 0 * * 7'])(
    'take the cron expression %s',
    (expression) => {
      expect(readSettings({ FOREMAN_RETENTION_CRON: expression }).retentionCron).toBe(expression);
    },
  );

  it('never show a secret in a refusal', () => {
    const secret = 'fmk_this-is-a-secret-that-is-too-short';
    expect(refusedOf({ FOREMAN_ADMIN_TOKEN: secret }).join()).not.toContain(secret);
  });
});
