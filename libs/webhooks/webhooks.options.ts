import type { Type } from '@nestjs/common';
import { KeyRing } from '@foreman/kernel';
import type { WebhookArtifactSource } from './artifact-source';
import { NetworkSet } from './target/addresses';
import { BLOCKED_PORTS } from './target/blocked-ports';
import { DeniedHosts } from './target/denied-hosts';
import type { TargetPolicyOptions } from './target/target-policy';

export interface WebhooksOptions {
  /** FOREMAN_SECRET_KEY, at least 32 bytes: secrets at rest are sealed under a key made from it. */
  readonly secretKey: Buffer | string;
  /** Keys that it took the place of: what they sealed still opens. Default none. */
  readonly previousSecretKeys?: readonly (Buffer | string)[];
  /** Where bodies get their artifacts from: a provider that the application exports globally. */
  readonly artifactSource: Type<WebhookArtifactSource>;
  /** `links` of the job in the body; absent: the body has none. */
  readonly jobLinks?: (jobId: string) => Readonly<Record<string, string>>;
  /** Bytes of artifacts that one body may carry inline. Default 1048576. */
  readonly inlineBudgetBytes?: number;
  /** CIDRs that may be private, and may use http. Default none. */
  readonly allowedNetworks?: readonly string[];
  /** Besides those of the Fetch standard's port blocking list, which always are. Default none. */
  readonly deniedPorts?: readonly number[];
  /** Host names, `*.example.com`, addresses, CIDRs; they stay denied where their network is allowed. Default none. */
  readonly deniedHosts?: readonly string[];
  /** Pauses between tries, in seconds; one try more than pauses. Default: the contract's. */
  readonly retrySeconds?: readonly number[];
  /** One attempt's longest run: name, connection, request and answer. Default 15000. */
  readonly timeoutMs?: number;
  /** Attempts under way at once. Default 64. */
  readonly concurrency?: number;
  /** Of them to one host and port. Default 4. */
  readonly concurrencyPerHost?: number;
  /** A standing endpoint without a success for this long is disabled with the next event that goes on failing. Default 432000 (5 days). */
  readonly disableAfterSeconds?: number;
  /** How long a rotated secret still signs beside the new one. Default 86400. */
  readonly rotationSeconds?: number;
  /** What `stop()` gives attempts under way before it cuts them. Default 5000. */
  readonly stopGraceMs?: number;
  /** Certificate authorities (PEM) that are trusted instead of the well-known ones. */
  readonly certificateAuthorities?: readonly string[];
  /**
   * Every address of a host name. Default: the operating system's resolver, which runs on half of libuv's threads;
   * set UV_THREADPOOL_SIZE to twice `concurrency`, so that dead name servers delay nobody else.
   */
  readonly resolve?: (host: string) => Promise<string[]>;
}

/** The contract's schedule: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
const RETRY_SECONDS = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/** Beyond the attempt's own deadline: loading, building, recording. Then its sender is taken for dead. */
const CLAIM_MARGIN_MS = 5000;

/** The options with their defaults in place; a class, so that it is its own injection token. */
export class WebhooksSettings {
  readonly keyRing: KeyRing;
  readonly jobLinks: ((jobId: string) => Readonly<Record<string, string>>) | null;
  readonly inlineBudgetBytes: number;
  readonly target: TargetPolicyOptions;
  readonly retryMs: readonly number[];
  readonly timeoutMs: number;
  readonly claimMs: number;
  readonly concurrency: number;
  readonly concurrencyPerHost: number;
  readonly disableAfterMs: number;
  readonly rotationMs: number;
  readonly stopGraceMs: number;
  readonly certificateAuthorities: readonly string[] | null;
  readonly resolve: ((host: string) => Promise<string[]>) | null;

  /** @throws RangeError naming the option that is wrong; Error naming what is not a network or a host. */
  constructor(options: Omit<WebhooksOptions, 'artifactSource'>) {
    this.keyRing = new KeyRing(options.secretKey, options.previousSecretKeys);
    this.jobLinks = options.jobLinks ?? null;
    this.inlineBudgetBytes = wholeNumber(
      'inlineBudgetBytes',
      options.inlineBudgetBytes,
      1_048_576,
      0,
    );
    this.target = {
      allowedNetworks: options.allowedNetworks ?? [],
      deniedPorts: [...BLOCKED_PORTS, ...(options.deniedPorts ?? [])],
      deniedHosts: options.deniedHosts ?? [],
    };
    NetworkSet.parse(this.target.allowedNetworks);
    DeniedHosts.parse(this.target.deniedHosts);
    this.retryMs = (options.retrySeconds ?? RETRY_SECONDS).map(
      (seconds) => wholeNumber('retrySeconds', seconds, 0, 0) * 1000,
    );
    this.timeoutMs = wholeNumber('timeoutMs', options.timeoutMs, 15_000, 1);
    this.claimMs = this.timeoutMs + CLAIM_MARGIN_MS;
    this.concurrency = wholeNumber('concurrency', options.concurrency, 64, 1);
    this.concurrencyPerHost = wholeNumber('concurrencyPerHost', options.concurrencyPerHost, 4, 1);
    this.disableAfterMs =
      wholeNumber('disableAfterSeconds', options.disableAfterSeconds, 432_000, 1) * 1000;
    this.rotationMs = wholeNumber('rotationSeconds', options.rotationSeconds, 86_400, 0) * 1000;
    this.stopGraceMs = wholeNumber('stopGraceMs', options.stopGraceMs, 5000, 0);
    this.certificateAuthorities = options.certificateAuthorities ?? null;
    this.resolve = options.resolve ?? null;
  }
}

function wholeNumber(
  name: string,
  value: number | undefined,
  otherwise: number,
  least: number,
): number {
  const chosen = value ?? otherwise;
  if (Number.isSafeInteger(chosen) && chosen >= least) return chosen;
  throw new RangeError(`${name} must be a whole number of at least ${least}, and is ${chosen}`);
}
