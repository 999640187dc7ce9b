import { backoffMs } from '@foreman/kernel';
import type { Clock, RandomSource, SignedRelease } from '@foreman/kernel';
import type { AgentLog } from '../agent-log';
import { downloadRelease } from './download-release';
import type { ReadyRelease } from './release-folder';
import { ReleaseRefused } from './release-refused';
import { type ReleaseTrust, verifyRelease } from './verify-release';

/** A package is large and upgrading is never urgent: a mirror that fails is left in peace for a while. */
const BACKOFF = { baseMs: 60_000, maxMs: 3_600_000, jitter: 0.2 };

export interface ReleaseWatchOptions extends ReleaseTrust {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: AgentLog;
  /** Where packages are kept. */
  readonly folder: string;
  /** A package was verified, and lies ready; told once for each. */
  readonly ready?: (release: ReadyRelease) => void;
}

/**
 * What an agent does about the releases that it is offered: tells once, and if it has public keys, verifies and fetches
 * the package. It runs none of it. An offer that cannot be believed is told and left; a package that cannot be fetched
 * is tried again with a later offer.
 */
export class ReleaseWatch {
  private readonly stopping = new AbortController();
  /** The offer that was dealt with last; the same again says nothing new. */
  private settled: string | null = null;
  private failed: { offer: string; failures: number; againAtMs: number } | null = null;
  private fetching: Promise<void> | null = null;

  constructor(private readonly options: ReleaseWatchOptions) {}

  /** To be called with the `release` of every heartbeat's answer, also with none. Returns at once, never throws. */
  offered(release: unknown): void {
    if (release === undefined || release === null || this.stopping.signal.aborted) return;
    const offer = JSON.stringify(release);
    if (offer === this.settled || this.fetching !== null || !this.mayTry(offer)) return;
    const { log, publicKeys } = this.options;
    if (publicKeys.length === 0) {
      this.settled = offer;
      const { version } = release as Partial<SignedRelease>;
      const told = typeof version === 'string' ? version.slice(0, 100) : null;
      log.info({ version: told }, 'a release to upgrade to; without public keys it is not fetched');
      return;
    }
    try {
      const verified = verifyRelease(release, this.options);
      this.fetching = this.fetch(verified, offer).finally(() => (this.fetching = null));
    } catch (error) {
      this.settled = offer;
      log.error({ reason: reasonOf(error) }, 'a release was offered that cannot be believed');
    }
  }

  /** Gives up what is being fetched. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the agent is stopping'));
    await this.fetching;
  }

  private mayTry(offer: string): boolean {
    if (this.failed?.offer !== offer) return true;
    return this.options.clock.monotonicMs() >= this.failed.againAtMs;
  }

  private async fetch(release: SignedRelease, offer: string): Promise<void> {
    const { log, folder, ready } = this.options;
    const { signal } = this.stopping;
    const { version, size, sha256 } = release;
    if (this.failed?.offer !== offer) log.info({ version, size }, 'a release to upgrade to');
    try {
      const readyRelease = await downloadRelease(release, folder, { signal });
      this.settled = offer;
      this.failed = null;
      log.info(
        { version, sha256, path: readyRelease.package },
        'the release is verified and ready',
      );
      ready?.(readyRelease);
    } catch (error) {
      if (signal.aborted) return;
      this.noteFailure(release, offer, error);
    }
  }

  private noteFailure({ version }: SignedRelease, offer: string, error: unknown): void {
    const { clock, random, log } = this.options;
    const failures = this.failed?.offer === offer ? this.failed.failures + 1 : 1;
    const delayMs = backoffMs(BACKOFF, failures, random);
    this.failed = { offer, failures, againAtMs: clock.monotonicMs() + delayMs };
    const fields = { version, failures, delayMs, reason: reasonOf(error) };
    if (error instanceof ReleaseRefused) log.error(fields, 'the package is not the one released');
    else log.warn(fields, 'the package could not be fetched; trying again later');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
