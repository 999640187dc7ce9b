import { ArtifactScrub } from '@foreman/artifacts';
import { Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { PacedStats } from '../admin-api/paced-stats';
import type { StatsDto } from '../admin-api/stats.dto';
import type { MetricGroup } from './metric-group';

/** What there is: from the figures of `GET /admin/stats`. */
@Injectable()
export class StateMetrics implements MetricGroup {
  constructor(
    private readonly stats: PacedStats,
    private readonly scrub: ArtifactScrub,
  ) {}

  register(registry: Registry): void {
    this.byLabel(registry, 'foreman_jobs', 'Jobs by status', 'status', ({ jobs }) => jobs);
    this.byLabel(registry, 'foreman_tasks', 'Tasks that are not finalized', 'status', (stats) => ({
      queued: stats.tasks.queued,
      leased: stats.tasks.leased,
    }));
    this.single(
      registry,
      'foreman_tasks_stalled',
      'Leased tasks that do not advance',
      (stats) => stats.tasks.stalled,
    );
    this.single(
      registry,
      'foreman_edges_registered',
      'Edges that are not revoked',
      (stats) => stats.edges.registered,
    );
    this.single(
      registry,
      'foreman_edges_online',
      'Edges that called within the last 90 s',
      (stats) => stats.edges.online,
    );
    this.byLabel(
      registry,
      'foreman_deliveries',
      'Webhook deliveries by status',
      'status',
      ({ deliveries }) => deliveries,
    );
    this.byLabel(
      registry,
      'foreman_artifacts',
      'Stored artifacts by state',
      'state',
      ({ artifacts }) => ({
        published: artifacts.published,
        staged: artifacts.staged,
      }),
    );
    this.byLabel(
      registry,
      'foreman_artifacts_bytes',
      'Stored bytes of artifacts by state',
      'state',
      ({ artifacts }) => ({
        published: artifacts.bytes,
        staged: artifacts.stagedBytes,
      }),
    );
    this.single(registry, 'foreman_inputs', 'Stored inputs', (stats) => stats.inputs.stored);
    this.single(
      registry,
      'foreman_inputs_bytes',
      'Stored bytes of inputs',
      (stats) => stats.inputs.bytes,
    );
    this.single(
      registry,
      'foreman_corrupt_blobs',
      'Blobs whose bytes the scrub found changed or missing',
      (stats) => stats.artifacts.corrupt,
    );
    this.single(
      registry,
      'foreman_database_bytes',
      'Size of the database file',
      (stats) => stats.database.fileBytes,
    );
    this.single(
      registry,
      'foreman_database_free_bytes',
      'Of the database file, free for reuse',
      (stats) => stats.database.freeBytes,
    );
    this.registerScrub(registry);
  }

  private registerScrub(registry: Registry): void {
    const { scrub } = this;
    registry.registerMetric(
      new Gauge({
        name: 'foreman_scrub_finished_timestamp_seconds',
        help: 'When a scrub last came to its end, in seconds since 1970; 0: not since the last one began',
        registers: [],
        async collect() {
          this.set(((await scrub.state()).finishedAt ?? 0) / 1000);
        },
      }),
    );
  }

  private single(
    registry: Registry,
    name: string,
    help: string,
    value: (stats: StatsDto) => number,
  ): void {
    const { stats } = this;
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          this.set(value(await stats.read()));
        },
      }),
    );
  }

  /** `values` has the same few members every time: each is one series. */
  private byLabel(
    registry: Registry,
    name: string,
    help: string,
    label: string,
    values: (stats: StatsDto) => object,
  ): void {
    const { stats } = this;
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers: [],
        async collect() {
          for (const [member, value] of Object.entries(values(await stats.read()))) {
            this.set({ [label]: member }, Number(value));
          }
        },
      }),
    );
  }
}
