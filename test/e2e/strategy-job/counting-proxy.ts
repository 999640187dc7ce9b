import { once } from 'node:events';
import { type IncomingMessage, type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between an agent and its gateway, hands everything on, and notes which rows came under which lease. */
export class CountingProxy {
  private readonly posted = new Map<string, Set<string>>();
  private server: Server | null = null;

  constructor(private readonly target: string) {}

  /** Where to reach the gateway through it. */
  async start(): Promise<string> {
    const server = createServer((incoming, answer) => {
      const { method, url, headers } = incoming;
      this.note(incoming);
      const onward = request(this.target + url, { method, headers }, (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      answer.on('close', () => onward.destroy());
      incoming.pipe(onward);
    });
    this.server = server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** The config ids whose rows were posted, by lease, the first lease first. */
  idsByLease(): readonly ReadonlySet<string>[] {
    return [...this.posted.values()];
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private note(incoming: IncomingMessage): void {
    if (incoming.method !== 'POST' || !incoming.url?.endsWith('/results')) return;
    const lease = String(incoming.headers['foreman-lease']);
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { rows } = JSON.parse(Buffer.concat(chunks).toString()) as {
        rows: { configId: string }[];
      };
      const ids = this.posted.get(lease) ?? new Set();
      for (const { configId } of rows) ids.add(configId);
      this.posted.set(lease, ids);
    });
  }
}
