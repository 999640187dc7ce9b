import type { Readable } from 'node:stream';
import { invalidField } from '@foreman/kernel';
import type { Clock } from '@foreman/kernel';
import { readBounded } from './bounded-body';
import { ConnectionFailure, problemFrom } from './gateway-problem';
import { HttpConnections } from './http-connections';

export interface GatewayHttpOptions {
  /** Where the gateway is, with a path prefix if it has one. */
  readonly baseUrl: string;
  /** The bearer token; sent to `baseUrl` only, and never part of an error. */
  readonly token: string;
  readonly clock: Clock;
  /** Sockets to the gateway at most; further calls wait. */
  readonly connections?: number;
  readonly userAgent?: string;
}

type QueryValue = string | number | boolean | undefined;

export interface GatewayCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  /** Begins with a slash; ids in it must be encoded already. */
  readonly path: string;
  /** A list is a parameter that is given once for each of its values. */
  readonly query?: Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Buffer | Readable;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** How long the call may stand still, the wait for its answer's head included; in ms. */
  readonly timeoutMs?: number;
  readonly maxResponseBytes?: number;
}

export interface GatewayAnswer<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: T;
}

const DEFAULT_CONNECTIONS = 16;
const DEFAULT_TIMEOUT_MS = 30_000;
/** Above every answer that the contract allows but streams; a foreign server cannot fill the memory. */
const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
/** Problem documents are small; of anything else the beginning says enough. */
const MAX_PROBLEM_BYTES = 256 * 1024;

/** One gateway, one credential, one pool of kept-alive connections. Makes single calls; see `retrying` for more. */
export class GatewayHttp {
  private readonly baseUrl: string;
  private readonly connections: HttpConnections;

  /** Throws `request.invalid` for an address that is not http or https. */
  constructor(private readonly options: GatewayHttpOptions) {
    this.baseUrl = checkedBaseUrl(options.baseUrl);
    const { clock, connections = DEFAULT_CONNECTIONS } = options;
    this.connections = new HttpConnections(new URL(this.baseUrl).protocol, clock, connections);
  }

  /**
   * A call with a JSON answer; `null` for an empty one (204).
   * Throws `GatewayProblem` for a refusal, `ConnectionFailure` for no answer, the signal's reason when aborted.
   */
  async json<T>(call: GatewayCall): Promise<GatewayAnswer<T | null>> {
    const answer = await this.open(call);
    const text = await this.bodyText(call, answer.body, call.maxResponseBytes);
    if (text === '') return { ...answer, body: null };
    try {
      return { ...answer, body: JSON.parse(text) as T };
    } catch (cause) {
      throw new ConnectionFailure(`${describe(call)} answered ${answer.status} with no JSON`, {
        cause,
      });
    }
  }

  /**
   * A call whose answer is read as it comes; the caller must read the body to its end or destroy it. The body errors when
   * it is cut off; an answer of which that could not be told is refused with `ConnectionFailure`.
   */
  async stream(call: GatewayCall): Promise<GatewayAnswer<Readable>> {
    const answer = await this.open(call);
    const { status, headers, body } = answer;
    const isBare = status === 204 || call.method === 'HEAD';
    if (isBare || headers['content-length'] || headers['transfer-encoding']) return answer;
    // Its end is that of the connection, and Node does not tell a connection that was reset from one that was closed.
    body.destroy();
    throw new ConnectionFailure(`${describe(call)} was answered without a length`);
  }

  /** Ends the kept-alive connections once the running calls are done. */
  async close(): Promise<void> {
    await this.connections.close();
  }

  private async open(call: GatewayCall): Promise<GatewayAnswer<Readable>> {
    const response = await this.connections
      .exchange({
        method: call.method,
        url: this.urlOf(call),
        headers: this.headersOf(call),
        body: call.body ?? null,
        signal: call.signal,
        idleTimeoutMs: call.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      })
      .catch((cause: unknown) => this.connectionFailed(call, cause));
    const status = response.statusCode ?? 0;
    const headers = firstValues(response.headers);
    if (status >= 200 && status < 300) return { status, headers, body: response };
    const text = await this.bodyText(call, response, MAX_PROBLEM_BYTES);
    throw problemFrom(status, text, headers['retry-after'], this.options.clock.now());
  }

  private async bodyText(call: GatewayCall, body: Readable, maxBytes?: number): Promise<string> {
    try {
      return (await readBounded(body, maxBytes ?? DEFAULT_MAX_RESPONSE_BYTES)).toString('utf8');
    } catch (cause) {
      return this.connectionFailed(call, cause);
    }
  }

  private connectionFailed(call: GatewayCall, cause: unknown): never {
    call.signal?.throwIfAborted();
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new ConnectionFailure(`${describe(call)} failed: ${reason}`, { cause });
  }

  private urlOf(call: GatewayCall): URL {
    const url = new URL(this.baseUrl + call.path);
    for (const [name, values] of Object.entries(call.query ?? {})) {
      for (const value of [values].flat()) {
        if (value !== undefined) url.searchParams.append(name, String(value));
      }
    }
    return url;
  }

  private headersOf(call: GatewayCall): Record<string, string> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.options.token}`,
      accept: 'application/json',
    };
    if (this.options.userAgent !== undefined) headers['user-agent'] = this.options.userAgent;
    if (call.contentType !== undefined) headers['content-type'] = call.contentType;
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value !== undefined) headers[name.toLowerCase()] = value;
    }
    return headers;
  }
}

function checkedBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalidField('url', 'must be an http or https address');
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function firstValues(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function describe(call: GatewayCall): string {
  return `${call.method} ${call.path}`;
}
