import type { Server } from 'node:http';
import type { GatewayOptions } from '../config/gateway-options';

/** The base of the urls that Foreman hands out, without a trailing slash. */
export class PublicUrl {
  private derived: string | null = null;

  constructor(private readonly options: Pick<GatewayOptions, 'publicUrl' | 'host' | 'port'>) {}

  /** Told once the server listens: port 0 is any free one. */
  listeningOn(server: Server): void {
    const address = server.address();
    if (address !== null && typeof address !== 'string') this.derived = this.on(address.port);
  }

  base(): string {
    return this.options.publicUrl ?? this.derived ?? this.on(this.options.port);
  }

  private on(port: number): string {
    const { host } = this.options;
    if (host === '0.0.0.0' || host === '::') return `http://localhost:${port}`;
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
}
