import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that hostile files call: `/<tag>/<try>` is remembered; a try that ends in `.js` is answered with a script that calls again. */
export class Beacon {
  private readonly heard = new Map<string, Set<string>>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Beacon> {
    const server = createServer();
    const beacon = new Beacon(server);
    server.on('request', (request, response) => {
      const [, tag = '', what = ''] = (request.url ?? '').split('/');
      const isScript = what.endsWith('.js');
      // That a script was fetched does not say that it ran.
      if (!isScript) beacon.of(tag).add(what);
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/plain');
      response.end(isScript ? `new Image().src='${beacon.url}/${tag}/${what.slice(0, -3)}'` : '');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return beacon;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What has been tried with success under a tag. */
  of(tag: string): Set<string> {
    const heard = this.heard.get(tag) ?? new Set<string>();
    this.heard.set(tag, heard);
    return heard;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
