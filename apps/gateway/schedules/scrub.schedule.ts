import { ArtifactScrub } from '@foreman/artifacts';
import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type Type,
} from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { SoloRuns } from './solo-runs';

/**
 * Scrubs by FOREMAN_SCRUB_CRON, in UTC, and after a start goes on with a pass that was cut off. A class of
 * its own for each expression, as for retention.
 */
export function scrubSchedule(cron: string): Type<BeforeApplicationShutdown> {
  @Injectable()
  class ScrubSchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
    private readonly rest: SoloRuns;
    private readonly passes: SoloRuns;

    constructor(scrub: ArtifactScrub) {
      this.rest = new SoloRuns('ArtifactScrub', () => scrub.runOnce());
      this.passes = new SoloRuns('ArtifactScrub', async () => {
        await scrub.begin();
        return scrub.runOnce();
      });
    }

    onApplicationBootstrap(): void {
      void this.rest.tick();
    }

    @Cron(cron, { timeZone: 'UTC' })
    tick(): Promise<void> {
      return this.passes.tick();
    }

    async beforeApplicationShutdown(): Promise<void> {
      await Promise.all([this.rest.stop(), this.passes.stop()]);
    }
  }
  return ScrubSchedule;
}
