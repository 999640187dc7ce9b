import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface ReceivedPost {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Plays one answer of the far end; it may also never answer, or break off. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export function answerWith(
  statusCode: number,
  body = '',
  headers: Record<string, string> = {},
): Answer {
  return (_request, response) => {
    response.writeHead(statusCode, headers).end(body);
  };
}

/** A real server on loopback that plays its script, an answer for each request, then 204 for ever. */
export class Receiver {
  readonly posts: ReceivedPost[] = [];
  readonly script: Answer[] = [];
  private readonly waiting: (() => void)[] = [];

  private constructor(
    private readonly server: ReturnType<typeof createHttpServer>,
    private readonly scheme: string,
  ) {}

  /** On every local address, IPv6 and IPv4; over TLS when it gets a certificate. */
  static async start(tls?: { key: string; cert: string }): Promise<Receiver> {
    const server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    const receiver = new Receiver(server, tls === undefined ? 'http' : 'https');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void receiver.play(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '::', resolve));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(host = '127.0.0.1', path = '/hook'): string {
    return `${this.scheme}://${host}:${this.port}${path}`;
  }

  /** Settles when `count` requests have arrived since it was started. */
  async received(count: number): Promise<void> {
    while (this.posts.length < count) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async play(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.posts.push({
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
    });
    const answer = this.script.shift() ?? answerWith(204);
    answer(request, response);
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
