import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SystemClock } from '@foreman/kernel';
import type { ClockTimer } from '@foreman/kernel';
import { ForemanClient } from '../foreman-client';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Script = (request: SeenRequest, response: ServerResponse, count: number) => void;

/** Answers as the spec's script says; `count` is the request's number, from 1. */
export class ScriptedGateway {
  readonly seen: SeenRequest[] = [];
  script: Script = (_request, response) => response.writeHead(204).end();
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      this.script(seen, response, this.seen.push(seen));
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** A client whose waits are a hundredth of the real ones. */
  client(): ForemanClient {
    return new ForemanClient({ baseUrl: this.url, apiKey: 'fmk_test', clock: new HastyClock() });
  }
}

class HastyClock extends SystemClock {
  override setTimer(delayMs: number, fn: () => void): ClockTimer {
    return super.setTimer(delayMs / 100, fn);
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function problem(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail: `no: ${code}` }));
}
