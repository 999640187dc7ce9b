import { WebhookSender } from '@foreman/webhooks';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';

/** Sends webhooks from the start on; the sender itself ends with its module. */
@Injectable()
export class DeliverySchedule implements OnApplicationBootstrap {
  constructor(private readonly sender: WebhookSender) {}

  onApplicationBootstrap(): void {
    this.sender.start();
  }
}
