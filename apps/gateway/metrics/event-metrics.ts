import { JobEvents, type JobEventType, type TaskEventType } from '@foreman/jobs';
import { ResultIngestion } from '@foreman/results';
import { Retention } from '@foreman/retention';
import { Injectable } from '@nestjs/common';
import { Counter, type Registry } from 'prom-client';
import type { MetricGroup } from './metric-group';
import { runningTotal } from './running-total';

const EVENT_TYPES: readonly (JobEventType | TaskEventType)[] = [
  'job.created',
  'job.started',
  'job.completed',
  'job.failed',
  'job.cancelled',
  'job.retried',
  'task.leased',
  'task.revived',
  'task.requeued',
  'task.stalled',
  'task.advanced',
  'task.completed',
  'task.failed',
];

/** What has happened since the start of this process. */
@Injectable()
export class EventMetrics implements MetricGroup {
  constructor(
    private readonly events: JobEvents,
    private readonly results: ResultIngestion,
    private readonly retention: Retention,
  ) {}

  register(registry: Registry): void {
    this.registerEvents(registry);
    runningTotal(
      registry,
      'foreman_result_rows_total',
      'Result rows written, repeated ones counted again',
      () => this.results.writtenRows,
    );
    const { retention } = this;
    runningTotal(
      registry,
      'foreman_retention_removed_jobs_total',
      'Jobs that retention removed',
      () => retention.removedSinceStart.jobs,
    );
    runningTotal(
      registry,
      'foreman_retention_removed_artifacts_total',
      'Artifacts that retention removed',
      () => retention.removedSinceStart.artifacts,
    );
    runningTotal(
      registry,
      'foreman_retention_removed_bytes_total',
      'Bytes of artifacts that retention removed',
      () => retention.removedSinceStart.bytes,
    );
  }

  private registerEvents(registry: Registry): void {
    const events = new Counter({
      name: 'foreman_events_total',
      help: 'Events of jobs and tasks by type',
      labelNames: ['type'],
      registers: [registry],
    });
    // Each from the beginning on, so that the first of a kind is seen as an increase.
    for (const type of EVENT_TYPES) events.inc({ type }, 0);
    const expired = new Counter({
      name: 'foreman_leases_expired_total',
      help: 'Leases that ran out',
      registers: [registry],
    });
    this.events.onRecorded((type, data) => {
      events.inc({ type });
      if (data.outcome === 'expired' || data.code === 'lease.expired') expired.inc();
    });
  }
}
