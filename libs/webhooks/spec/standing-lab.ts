import { eventually } from '@foreman/testing';
import { Deliveries } from '../deliveries/deliveries.service';
import type { DeliveryView } from '../deliveries/delivery-view';
import type { StandingEndpointCommand } from '../endpoints/endpoint-command';
import { StandingEndpoints } from '../endpoints/standing-endpoints.service';
import type { WebhookLab } from './webhook-lab';

/** What specs of standing endpoints do again and again. */
export class StandingLab {
  constructor(readonly lab: WebhookLab) {}

  get standing(): StandingEndpoints {
    return this.lab.app.get(StandingEndpoints);
  }

  async make(command: StandingEndpointCommand): Promise<string> {
    return (await this.lab.run((tx) => this.lab.endpoints.createStanding(tx, command))).id;
  }

  /** Jobs without a webhook of their own, each completed a second after the one before. Answers their ids. */
  async completedJobs(count: number, kind = 'command'): Promise<string[]> {
    const ids: string[] = [];
    for (let made = 0; made < count; made += 1) {
      const id = await this.lab.submitPlain(kind);
      await this.lab.complete(id);
      this.lab.clock.advance(1000);
      ids.push(id);
    }
    return ids;
  }

  async statuses(endpointId: string): Promise<string[]> {
    return (await this.deliveries(endpointId)).map(({ status }) => status);
  }

  /** Oldest first. */
  async deliveries(endpointId: string): Promise<DeliveryView[]> {
    const page = { limit: 500, cursor: null };
    const { items } = await this.lab.app.get(Deliveries).list(this.lab.reads, { endpointId }, page);
    return items.toReversed();
  }

  async settled(endpointId: string, status: string): Promise<void> {
    await eventually(`every delivery ${status}`, async () =>
      (await this.statuses(endpointId)).every((each) => each === status),
    );
  }
}

/** The job that a body tells of. */
export function jobOf(post: { readonly body: string }): string {
  const event = JSON.parse(post.body) as { data: { job?: { id: string } } };
  return event.data.job?.id ?? '';
}
