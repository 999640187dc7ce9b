import { join } from 'node:path';
import { ReleaseFolder, ReleaseWatch } from '@foreman/edge-sdk';
import type { AgentLog, ReadyRelease } from '@foreman/edge-sdk';
import type { Clock, RandomSource } from '@foreman/kernel';
import { AGENT_VERSION } from './agent-version';
import type { AgentSettings } from './config/agent-settings';

/** In the state directory. */
const RELEASES = 'releases';

export interface UpgradeParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: AgentLog;
  readonly platform: string;
  /** Lets the agent end when what runs has ended. */
  readonly finish: () => void;
}

/** Fetches the releases that the gateway offers, and with `--upgrade-exit` ends the agent for each of them, once. */
export class AgentUpgrade {
  private readonly folder: ReleaseFolder;
  private readonly watch: ReleaseWatch;
  private handingOver: Promise<void> | null = null;
  private due = false;

  constructor(
    settings: Pick<AgentSettings, 'stateDirectory' | 'releasePublicKeys' | 'upgradeExit'>,
    private readonly parts: UpgradeParts,
  ) {
    const folder = join(settings.stateDirectory, RELEASES);
    const { clock, random, log, platform } = parts;
    this.folder = new ReleaseFolder(folder);
    this.watch = new ReleaseWatch({
      clock,
      random,
      log,
      platform,
      folder,
      publicKeys: settings.releasePublicKeys,
      agentVersion: AGENT_VERSION,
      ready: (release) => {
        if (settings.upgradeExit) this.handingOver = this.handOver(release);
      },
    });
  }

  /** Whether the supervisor should start a new version now. */
  get isDue(): boolean {
    return this.due;
  }

  offered(release: unknown): void {
    this.watch.offered(release);
  }

  /** Gives up what is being fetched. */
  async stop(): Promise<void> {
    await this.watch.stop();
    await this.handingOver;
  }

  /** Once for each version: a supervisor that starts the old one again must not have it end for ever. */
  private async handOver({ version }: ReadyRelease): Promise<void> {
    const { log, finish } = this.parts;
    try {
      if (await this.folder.noteHandover({ version })) {
        this.due = true;
        log.info({ version }, 'finishing, so that the new version can be started');
        finish();
      } else {
        log.warn({ version }, 'this version was handed over before, and the old one still runs');
      }
    } catch (error) {
      log.error({ version, reason: String(error) }, 'the new version cannot be handed over');
    }
  }
}
