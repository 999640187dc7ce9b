import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { ClientSide, type ConnectionSettings } from './client-side';
import type { ExchangePlan, Fault } from './fault-plan';
import type { HttpMessage } from './http-framing';

/** The way of one caller to the gateway: a listening port, and every connection that it took. */
export class FaultLink {
  private readonly server: Server;
  private readonly connections = new Set<ClientSide>();
  private exchangeCount = 0;
  private outageEndsMs = 0;

  private constructor(
    private readonly settings: Omit<ConnectionSettings, 'nextFault'>,
    private readonly plan: ExchangePlan,
    private readonly hasOutages: boolean,
  ) {
    this.server = createServer((socket) => {
      if (performance.now() < this.outageEndsMs) return socket.destroy();
      const nextFault = (request: HttpMessage) => this.nextFault(request);
      const connection = new ClientSide(socket, { ...this.settings, nextFault });
      this.connections.add(connection);
      socket.once('close', () => this.connections.delete(connection));
    });
  }

  static async open(
    settings: Omit<ConnectionSettings, 'nextFault'>,
    plan: ExchangePlan,
    hasOutages: boolean,
  ): Promise<FaultLink> {
    const link = new FaultLink(settings, plan, hasOutages);
    link.server.listen(0, '127.0.0.1');
    await once(link.server, 'listening');
    return link;
  }

  /** Where its caller finds the gateway. */
  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const connection of this.connections) connection.destroy();
    await closed;
  }

  private nextFault(request: HttpMessage): Fault | null {
    const { link, journal } = this.settings;
    const exchange = this.exchangeCount++;
    const fault = this.plan.faultOf(link, exchange);
    journal.drawn(request, fault);
    const outageMs = this.hasOutages ? this.plan.outageOf(link, exchange) : null;
    if (outageMs !== null) this.beginOutage(outageMs);
    return fault;
  }

  private beginOutage(outageMs: number): void {
    this.settings.journal.outageCount += 1;
    this.outageEndsMs = performance.now() + outageMs;
    for (const connection of this.connections) connection.loseCaller();
  }
}
