import { ReadConnection } from '@foreman/database';
import {
  ANY_PLATFORM,
  Clock,
  type SignedRelease,
  isNewerVersion,
  manifestFindings,
  signerOf,
} from '@foreman/kernel';
import { Injectable, Logger } from '@nestjs/common';
import { signedReleaseOf } from './release.entity';
import { offeredReleases } from './release.store';
import { ReleasesSettings } from './releases.options';

/** The newest ones published are looked at; what lies further back is no upgrade for anybody. */
const MOST_RELEASES = 1000;

/** The edge that an offer is for. */
export interface EdgeToUpgrade {
  /** What its agent calls itself; null, or no semantic version: it is offered nothing. */
  readonly agentVersion: string | null;
  /** Null: what runs on any platform. */
  readonly platform: string | null;
  readonly channel: string;
}

/** By channel and platform. */
type Current = ReadonlyMap<string, SignedRelease>;

const NOTHING: Current = new Map();

/**
 * The current release of each channel and platform: the highest version that is not halted, and that one of
 * the present keys has signed: what stands in the database is not believed by itself, and a key that was
 * taken out of the settings ends its releases. Kept in memory, so that a heartbeat costs no SQL; read again after a
 * change of this process at once, and after a change of another within `rereadSeconds`.
 */
@Injectable()
export class CurrentReleases {
  private readonly logger = new Logger(CurrentReleases.name);
  private current: Current = NOTHING;
  private staleAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<Current> | null = null;

  constructor(
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly settings: ReleasesSettings,
  ) {}

  /** What an edge of this channel and platform should run; of equal versions the one for its very platform. */
  async find(channel: string, platform: string | null): Promise<SignedRelease | null> {
    const current = await this.upToDate();
    const own = platform === null ? undefined : current.get(nameOf(channel, platform));
    const any = current.get(nameOf(channel, ANY_PLATFORM));
    if (own === undefined || any === undefined) return own ?? any ?? null;
    return isNewerVersion(any.version, own.version) ? any : own;
  }

  /** What this edge should upgrade to; null when it runs that, or something newer. Never throws: a heartbeat waits. */
  async upgradeFor(edge: EdgeToUpgrade): Promise<SignedRelease | null> {
    if (edge.agentVersion === null) return null;
    try {
      const release = await this.find(edge.channel, edge.platform);
      const isUpgrade = release !== null && isNewerVersion(release.version, edge.agentVersion);
      return isUpgrade ? release : null;
    } catch (error) {
      this.logger.error(error);
      return null;
    }
  }

  /** To be called once a change is committed: the next question is answered from the database. */
  forget(): void {
    this.staleAtMs = Number.NEGATIVE_INFINITY;
    // What is being read now may have begun before the change.
    this.reading = null;
  }

  private async upToDate(): Promise<Current> {
    if (this.settings.publicKeys.length === 0) return NOTHING;
    if (this.clock.monotonicMs() < this.staleAtMs) return this.current;
    this.reading ??= this.read();
    return this.reading;
  }

  private read(): Promise<Current> {
    const reading = this.readFromDatabase().then(
      (current) => {
        if (this.reading === reading) {
          this.reading = null;
          this.current = current;
          this.staleAtMs = this.clock.monotonicMs() + this.settings.rereadMs;
        }
        return current;
      },
      (error: unknown) => {
        if (this.reading === reading) this.reading = null;
        throw error;
      },
    );
    return reading;
  }

  private async readFromDatabase(): Promise<Current> {
    const rows = await offeredReleases(this.reads, MOST_RELEASES);
    const releases = rows
      .map(signedReleaseOf)
      .filter((release) => manifestFindings(release).length === 0)
      .sort(highestFirst);
    const current = new Map<string, SignedRelease>();
    for (const release of releases) {
      const name = nameOf(release.channel, release.platform);
      if (current.has(name) || signerOf(release, this.settings.publicKeys) === null) continue;
      current.set(name, release);
    }
    return current;
  }
}

function highestFirst(a: SignedRelease, b: SignedRelease): number {
  if (isNewerVersion(a.version, b.version)) return -1;
  return isNewerVersion(b.version, a.version) ? 1 : 0;
}

/** Neither holds a line break. */
function nameOf(channel: string, platform: string): string {
  return `${channel}\n${platform}`;
}
