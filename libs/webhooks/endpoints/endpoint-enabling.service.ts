import { Injectable } from '@nestjs/common';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Clock, DomainError } from '@foreman/kernel';
import { DeliveryWakeup } from '../sending/delivery-wakeup';
import { EndpointHistory } from './endpoint-history.store';
import { EndpointProbe } from './endpoint-probe.service';
import type { StandingEndpointView } from './endpoint-view';
import { EndpointStore } from './endpoint.store';
import { StandingEndpointStore } from './standing-endpoint.store';
import { StandingEndpoints } from './standing-endpoints.service';

/** Puts a disabled endpoint back to work, once it has shown that somebody is there. */
@Injectable()
export class EndpointEnabling {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly endpoints: StandingEndpoints,
    private readonly probe: EndpointProbe,
    private readonly store: StandingEndpointStore,
    private readonly all: EndpointStore,
    private readonly history: EndpointHistory,
    private readonly wakeup: DeliveryWakeup,
    private readonly clock: Clock,
  ) {}

  /**
   * Sends a `webhook.test` event; a 2xx enables the endpoint, and what was kept for it goes out from its oldest on, what
   * happens meanwhile behind it. On one that is enabled nothing is sent or changed.
   * @throws `endpoint.not_found`; `endpoint.disabled` with `test` when the answer was no 2xx.
   */
  async enable(id: string): Promise<StandingEndpointView> {
    const endpoint = await this.endpoints.get(this.reads, id);
    if (endpoint.status !== 'disabled') return endpoint;
    const test = await this.probe.test(this.reads, id);
    if (test.error !== null) {
      const detail = `It did not answer the test event with a 2xx: ${test.error.detail}`;
      throw new DomainError('endpoint.disabled', detail, { test });
    }
    await this.gatherPending(id);
    return this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      if (await this.store.enable(tx, id, now)) {
        await this.history.record(tx, id, 'enabled', now);
        tx.afterCommit(() => this.wakeup.wake());
      }
      return this.endpoints.get(tx, id);
    });
  }

  /** What was still pending when it was disabled takes its place among what was kept; in bounded pieces. */
  private async gatherPending(id: string): Promise<void> {
    let moved: number;
    do {
      moved = await this.unitOfWork.run(
        (tx) => this.all.setPendingAside(tx, id, this.clock.now()),
        'bulk',
      );
    } while (moved > 0);
  }
}
