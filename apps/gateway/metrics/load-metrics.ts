import { UploadsUnderWay } from '@foreman/artifacts';
import { Database } from '@foreman/database';
import { ParkedPolls } from '@foreman/leasing';
import { Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { DiskReserve } from '../http/disk-reserve';
import { Downloads } from '../http/downloads';
import { FreeSpace } from '../http/free-space';
import type { MetricGroup } from './metric-group';

/** What waits, and how much room there is. */
@Injectable()
export class LoadMetrics implements MetricGroup {
  constructor(
    private readonly database: Database,
    private readonly polls: ParkedPolls,
    private readonly space: FreeSpace,
    private readonly reserve: DiskReserve,
    private readonly uploads: UploadsUnderWay,
    private readonly downloads: Downloads,
  ) {}

  register(registry: Registry): void {
    const { database, polls, space } = this;
    registry.registerMetric(
      new Gauge({
        name: 'foreman_polls_parked',
        help: 'Long polls that wait for a task',
        registers: [],
        collect() {
          this.set(polls.count);
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: 'foreman_writes_waiting',
        help: 'Units of work that wait for their turn to write, by lane',
        labelNames: ['lane'],
        registers: [],
        collect() {
          for (const lane of ['control', 'bulk'] as const) {
            this.set({ lane }, database.waiting(lane));
          }
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: 'foreman_storage_free_bytes',
        help: 'Free bytes of the file system that the database is on',
        registers: [],
        async collect() {
          this.set(await space.bytes());
        },
      }),
    );
    this.registerTransfers(registry);
  }

  private registerTransfers(registry: Registry): void {
    const { reserve, uploads, downloads } = this;
    registry.registerMetric(
      new Gauge({
        name: 'foreman_storage_announced_bytes',
        help: 'What calls under way are to write; twice as much is kept free beside the reserve',
        registers: [],
        collect() {
          this.set(reserve.announcedBytes);
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: 'foreman_uploads',
        help: 'Artifacts and inputs that flow in',
        registers: [],
        collect() {
          this.set(uploads.count);
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: 'foreman_downloads',
        help: 'Artifacts and inputs that flow out, by what let their readers in',
        labelNames: ['caller'],
        registers: [],
        collect() {
          for (const caller of ['token', 'signed'] as const) {
            this.set({ caller }, downloads.count(caller));
          }
        },
      }),
    );
  }
}
