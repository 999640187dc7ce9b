import { ReadConnection } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { Deliveries, StandingEndpoints } from '@foreman/webhooks';
import { Injectable } from '@nestjs/common';
import type { WebhookStatsDto } from './webhook-stats.dto';

/** The part of the stats that is about webhooks. */
@Injectable()
export class WebhookStatsReader {
  constructor(
    private readonly reads: ReadConnection,
    private readonly deliveries: Deliveries,
    private readonly endpoints: StandingEndpoints,
    private readonly clock: Clock,
  ) {}

  async read(): Promise<WebhookStatsDto> {
    const { enabled, replaying, disabled, failing } = await this.endpoints.counts(this.reads);
    const { due, dueSince, oldestCreatedAt } = await this.deliveries.backlog(this.reads);
    const now = this.clock.now();
    return {
      endpoints: { enabled, replaying, disabled, failing },
      due,
      overdueSeconds: secondsBetween(dueSince, now),
      backlogAgeSeconds: secondsBetween(oldestCreatedAt, now),
    };
  }
}

function secondsBetween(since: number | null, now: number): number {
  return since === null ? 0 : Math.max(0, Math.floor((now - since) / 1000));
}
