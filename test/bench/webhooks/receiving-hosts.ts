import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a host treats what it receives. `dead`: it accepts, and never answers. */
export type HostTemper = 'healthy' | 'slow' | 'dead';

/** What a slow host takes for each post. */
const SLOW_MS = 200;

/** A real server, and what has come to it. */
export class ReceivingHost {
  posts = 0;
  answered = 0;
  /** Most posts at once. */
  mostAtOnce = 0;
  private atOnce = 0;
  private readonly waitingFor = new Map<string, (atMs: number) => void>();
  private readonly server: Server;

  private constructor(
    readonly temper: HostTemper,
    private readonly total: AtOnce,
  ) {
    this.server = createServer((request, response) => {
      this.take(request, response).catch(() => undefined);
    });
  }

  static async start(temper: HostTemper, total: AtOnce): Promise<ReceivingHost> {
    const host = new ReceivingHost(temper, total);
    await new Promise<void>((resolve) => host.server.listen(0, '127.0.0.1', resolve));
    return host;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** When a post to this path has arrived, in ms of `performance.now()`. */
  arrivalAt(path: string): Promise<number> {
    return new Promise((resolve) => this.waitingFor.set(path, resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.posts += 1;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    this.total.change(1);
    response.once('close', () => {
      this.atOnce -= 1;
      this.total.change(-1);
    });
    const path = request.url ?? '';
    this.waitingFor.get(path)?.(performance.now());
    this.waitingFor.delete(path);
    request.resume();
    if (this.temper === 'dead') return;
    if (this.temper === 'slow') await sleep(SLOW_MS);
    this.answered += 1;
    response.writeHead(204).end();
  }
}

/** Posts at once over all hosts. */
export class AtOnce {
  most = 0;
  private now = 0;

  change(by: 1 | -1): void {
    this.now += by;
    this.most = Math.max(this.most, this.now);
  }
}
