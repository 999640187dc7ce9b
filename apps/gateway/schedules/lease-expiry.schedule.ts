import { TaskDeadlines } from '@foreman/jobs';
import { Clock, type ClockTimer } from '@foreman/kernel';
import { LeaseSweep } from '@foreman/leasing';
import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SoloRuns } from './solo-runs';

/** Leases are given in seconds: what ends within this long ends in one run. */
const SHORTEST_WAIT_MS = 250;

/** The clocks are compared this often, which reads no database: a step of the wall clock is followed soon. */
const LONGEST_WAIT_MS = 5000;

/** After a run that failed: a full disk, say. */
const RETRY_MS = 1000;

/**
 * Ends leases, attempts and waits that have run out of time. Driven by the next moment at which
 * something ends: an idle gateway reads no database here.
 */
@Injectable()
export class LeaseExpirySchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly runs: SoloRuns;
  private timer: ClockTimer | null = null;
  private dueAt = Number.POSITIVE_INFINITY;
  private isStopped = false;

  constructor(
    private readonly sweep: LeaseSweep,
    private readonly clock: Clock,
    deadlines: TaskDeadlines,
  ) {
    this.runs = new SoloRuns('LeaseExpiry', () => this.run());
    deadlines.subscribe((dueAt) => this.noteDeadline(dueAt));
  }

  async onApplicationBootstrap(): Promise<void> {
    this.dueAt = this.clock.now();
    await this.tick();
  }

  beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    return this.runs.stop();
  }

  private noteDeadline(dueAt: number): void {
    if (dueAt >= this.dueAt) return;
    this.dueAt = dueAt;
    this.arm();
  }

  private arm(): void {
    this.timer?.cancel();
    if (this.isStopped) return;
    const leftMs = this.dueAt - this.clock.now();
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, leftMs));
    this.timer = this.clock.setTimer(waitMs, () => void this.tick());
  }

  private async tick(): Promise<void> {
    if (this.clock.now() >= this.dueAt || this.sweep.hasClockStepped) await this.runs.tick();
    this.arm();
  }

  private async run(): Promise<object> {
    // What comes up during the run is compared with infinity, and so is not lost.
    this.dueAt = Number.POSITIVE_INFINITY;
    try {
      const counts = await this.sweep.runOnce();
      this.noteDeadline((await this.sweep.nextDueAt()) ?? Number.POSITIVE_INFINITY);
      return counts;
    } catch (error) {
      this.noteDeadline(this.clock.now() + RETRY_MS);
      throw error;
    }
  }
}
