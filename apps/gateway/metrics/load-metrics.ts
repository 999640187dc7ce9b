import { Database } from '@foreman/database';
import { ParkedPolls } from '@foreman/leasing';
import { Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { FreeSpace } from '../http/free-space';
import type { MetricGroup } from './metric-group';

/** What waits, and how much room there is. */
@Injectable()
export class LoadMetrics implements MetricGroup {
  constructor(
    private readonly database: Database,
    private readonly polls: ParkedPolls,
    private readonly space: FreeSpace,
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
  }
}
