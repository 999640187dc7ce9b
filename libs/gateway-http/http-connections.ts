import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { addAbortSignal, pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import type { Clock } from '@foreman/kernel';

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | Readable | null;
  readonly signal: AbortSignal | undefined;
  /** How long nothing may move, in either direction; in ms. */
  readonly idleTimeoutMs: number;
}

/** Beyond it an address counts as not there. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * An idle connection is kept for so long: over the gaps between heartbeats (20 to 30 s), under the 60 s after which
 * load balancers end it. A server that names a shorter time (`Keep-Alive: timeout=`) is believed.
 */
const KEEP_ALIVE_MS = 55_000;

/**
 * Connections to one origin, kept alive. On Node's own client: its parser is part of the runtime, where that of undici
 * is WebAssembly that costs each process 20 MB, too much for an agent that sits on a small machine.
 */
export class HttpConnections {
  private readonly agent: HttpAgent;
  private readonly request: (url: URL, options: RequestOptions) => ClientRequest;
  private running = 0;
  private isClosed = false;
  private whenIdle: () => void = () => undefined;

  constructor(
    protocol: string,
    private readonly clock: Clock,
    maxSockets: number,
  ) {
    const isSecure = protocol === 'https:';
    const options = { keepAlive: true, maxSockets, timeout: KEEP_ALIVE_MS };
    this.agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options);
    this.request = isSecure ? httpsRequest : httpRequest;
  }

  /** Settles with the head of the answer; its body must be read to the end or destroyed. */
  exchange({
    method,
    url,
    headers,
    body,
    signal,
    idleTimeoutMs,
  }: Exchange): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(new Error('the connections are closed'));
      signal?.throwIfAborted();
      const request = this.request(url, {
        method,
        headers,
        agent: this.agent,
        timeout: idleTimeoutMs,
        ...(signal === undefined ? {} : { signal }),
      });
      this.running += 1;
      request.once('close', () => this.ended());
      // Stays for the life of the request: after the answer's head an error shows in its body.
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error(`silence of ${idleTimeoutMs} ms`)));
      this.limitConnecting(request);
      request.once('response', (response) => {
        resolve(signal === undefined ? response : addAbortSignal(signal, response));
      });
      if (body === null || typeof body === 'string' || Buffer.isBuffer(body)) request.end(body);
      else pipeline(body, request, (error) => error && reject(error));
    });
  }

  /** Settles when the running exchanges are done and every connection is ended. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.running > 0) await new Promise<void>((resolve) => (this.whenIdle = resolve));
    this.agent.destroy();
  }

  private ended(): void {
    this.running -= 1;
    if (this.running === 0) this.whenIdle();
  }

  private limitConnecting(request: ClientRequest): void {
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = this.clock.setTimer(CONNECT_TIMEOUT_MS, () =>
        request.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
      );
      socket.once('connect', () => timer.cancel());
      socket.once('close', () => timer.cancel());
    });
  }
}
