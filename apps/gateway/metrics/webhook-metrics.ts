import {
  ATTEMPT_OUTCOMES,
  AttemptReports,
  type AttemptReport,
  ERROR_CLASSES,
  WebhookSender,
} from '@foreman/webhooks';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WebhookStatsDto } from '../admin-api/webhook-stats.dto';
import type { MetricGroup } from './metric-group';
import { PacedStats } from '../admin-api/paced-stats';

/** An attempt is cut after 15 s. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20];

/**
 * How webhooks get away. No label tells a host, an endpoint or a job: those are chosen by who submits, so each would be
 * a series that anybody can make.
 */
@Injectable()
export class WebhookMetrics implements MetricGroup {
  constructor(
    private readonly reports: AttemptReports,
    private readonly sender: WebhookSender,
    private readonly stats: PacedStats,
  ) {}

  register(registry: Registry): void {
    this.countAttempts(registry);
    this.gauge(
      registry,
      'foreman_webhook_deliveries_due',
      'Owed webhook deliveries whose time has come',
      ({ due }) => due,
    );
    this.gauge(
      registry,
      'foreman_webhook_overdue_seconds',
      'How long the longest waiting of the due deliveries has been due',
      ({ overdueSeconds }) => overdueSeconds,
    );
    this.gauge(
      registry,
      'foreman_webhook_backlog_age_seconds',
      'Age of the oldest event that is still owed',
      ({ backlogAgeSeconds }) => backlogAgeSeconds,
    );
    this.gauge(
      registry,
      'foreman_webhook_endpoints_disabled',
      'Standing webhook endpoints that are disabled',
      ({ endpoints }) => endpoints.disabled,
    );
    this.gauge(
      registry,
      'foreman_webhook_endpoints_failing',
      'Standing webhook endpoints without a success since their last failure',
      ({ endpoints }) => endpoints.failing,
    );
    const { sender } = this;
    registry.registerMetric(
      new Gauge({
        name: 'foreman_webhook_deliveries_under_way',
        help: 'Webhook deliveries that are being sent and recorded',
        registers: [],
        collect() {
          this.set(sender.deliveriesUnderWay);
        },
      }),
    );
  }

  private countAttempts(registry: Registry): void {
    const registers = [registry];
    const attempts = new Counter({
      name: 'foreman_webhook_attempts_total',
      help: 'Attempts to deliver a webhook, by what became of the delivery',
      labelNames: ['outcome'],
      registers,
    });
    const failures = new Counter({
      name: 'foreman_webhook_failures_total',
      help: 'Attempts that were not answered with a 2xx, by the class of their error',
      labelNames: ['class'],
      registers,
    });
    const duration = new Histogram({
      name: 'foreman_webhook_attempt_duration_seconds',
      help: 'How long an attempt took, whatever became of it',
      buckets: SECONDS,
      registers,
    });
    // Each from the beginning on, so that the first of a kind is seen as an increase.
    for (const outcome of ATTEMPT_OUTCOMES) attempts.inc({ outcome }, 0);
    for (const errorClass of ERROR_CLASSES) failures.inc({ class: errorClass }, 0);
    this.reports.onAttempt(({ outcome, errorClass, durationMs }: AttemptReport) => {
      attempts.inc({ outcome });
      if (errorClass !== null) failures.inc({ class: errorClass });
      duration.observe(durationMs / 1000);
    });
  }

  private gauge(
    registry: Registry,
    name: string,
    help: string,
    value: (stats: WebhookStatsDto) => number,
  ): void {
    const { stats } = this;
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          this.set(value((await stats.read()).webhooks));
        },
      }),
    );
  }
}
