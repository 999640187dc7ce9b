import type { ExchangeJournal } from './exchange-journal';
import { GatewaySide } from './gateway-side';
import type { HttpMessage } from './http-framing';

/** Requests that come again, each on a connection of its own; nobody hears their answers. */
export class LateDuplicates {
  private readonly pending = new Set<Promise<void>>();

  constructor(
    private readonly gatewayPort: number,
    private readonly journal: ExchangeJournal,
  ) {}

  /** Sends the same bytes again after `lateMs`. */
  schedule(link: string, request: HttpMessage, lateMs: number): void {
    const duplicate = this.deliver(link, request, lateMs).finally(() =>
      this.pending.delete(duplicate),
    );
    this.pending.add(duplicate);
  }

  /** Settles when every duplicate has arrived and was answered, or cut off by the gateway. */
  async allArrived(): Promise<void> {
    while (this.pending.size > 0) await Promise.all(this.pending);
  }

  private async deliver(link: string, request: HttpMessage, lateMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, lateMs));
    const gateway = new GatewaySide(this.gatewayPort, () => undefined);
    const sentMs = performance.now();
    const answer = await gateway.ask(request);
    const answeredMs = performance.now();
    gateway.destroy();
    this.journal.answered(link, request, answer, { sentMs, answeredMs, isDuplicate: true });
  }
}
