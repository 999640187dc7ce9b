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
    const { oldestCreatedAt } = await this.deliveries.backlog(this.reads);
    const ageMs = oldestCreatedAt === null ? 0 : Math.max(0, this.clock.now() - oldestCreatedAt);
    return {
      endpoints: { enabled, replaying, disabled, failing },
      backlogAgeSeconds: Math.floor(ageMs / 1000),
    };
  }
}
