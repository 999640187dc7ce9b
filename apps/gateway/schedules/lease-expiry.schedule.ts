import { LeaseSweep } from '@foreman/leasing';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { SoloRuns } from './solo-runs';

/** Leases are given in seconds: a second is as late as an expiry may be seen. */
const EVERY_MS = 1000;

/** Ends leases, attempts and waits that have run out of time. */
@Injectable()
export class LeaseExpirySchedule implements BeforeApplicationShutdown {
  private readonly runs: SoloRuns;

  constructor(sweep: LeaseSweep) {
    this.runs = new SoloRuns('LeaseExpiry', () => sweep.runOnce());
  }

  @Interval(EVERY_MS)
  tick(): Promise<void> {
    return this.runs.tick();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.runs.stop();
  }
}
