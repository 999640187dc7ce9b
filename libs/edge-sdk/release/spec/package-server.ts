import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A download site on loopback: answers each path as it is told, counts the requests. */
export class PackageServer {
  readonly requests: IncomingMessage[] = [];
  private readonly answers = new Map<string, Answer>();

  private constructor(private readonly server: ReturnType<typeof createServer>) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(request);
      const answer = this.answers.get(request.url ?? '');
      if (answer === undefined) response.writeHead(404).end();
      else answer(request, response);
    });
  }

  static async start(): Promise<PackageServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new PackageServer(server);
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** Answers the address of these bytes; without their length unless it is asked for. */
  serve(path: string, bytes: Buffer, { withLength = false } = {}): string {
    return this.answer(path, (_, response) => {
      if (withLength) response.setHeader('content-length', bytes.length);
      else response.setHeader('transfer-encoding', 'chunked');
      response.end(bytes);
    });
  }

  answer(path: string, answer: Answer): string {
    this.answers.set(path, answer);
    return this.url(path);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
