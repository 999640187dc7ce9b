import { Retention } from '@foreman/retention';
import { type BeforeApplicationShutdown, Injectable, type Type } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { SoloRuns } from './solo-runs';

/** Prunes by FOREMAN_RETENTION_CRON, in UTC. A class of its own for each expression: @Cron is fixed at definition. */
export function retentionSchedule(cron: string): Type<BeforeApplicationShutdown> {
  @Injectable()
  class RetentionSchedule implements BeforeApplicationShutdown {
    private readonly runs: SoloRuns;

    constructor(retention: Retention) {
      this.runs = new SoloRuns('Retention', () => retention.runOnce());
    }

    @Cron(cron, { timeZone: 'UTC' })
    tick(): Promise<void> {
      return this.runs.tick();
    }

    beforeApplicationShutdown(): Promise<void> {
      return this.runs.stop();
    }
  }
  return RetentionSchedule;
}
