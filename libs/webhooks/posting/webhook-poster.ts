import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { Client, buildConnector, type Dispatcher } from 'undici';
import { Clock } from '@foreman/kernel';
import { bareHost } from '../target/bare-host';
import type { TargetPolicy } from '../target/target-policy';
import { checkedConnection, type ConnectorFactory } from './checked-connection';
import { errorClassOf } from './error-class';
import { failedPost, type PostOutcome } from './post-outcome';
import { retryAfterMs } from './retry-after';

/** Read and thrown away beyond the excerpt, so that a receiver's short answer ends in peace. */
const MAX_RESPONSE_BYTES = 16_384;
/** Kept with the attempt. */
const MAX_EXCERPT_BYTES = 4096;
const MAX_DETAIL_CHARS = 500;

const TOO_LATE = new Error('the deadline of the attempt has passed');

export interface WebhookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface WebhookPosterOptions {
  /** For the whole attempt: name, connection, request and answer. */
  readonly timeoutMs: number;
  readonly certificateAuthorities: readonly string[] | null;
  /** Every address of a host name. */
  readonly resolve: (host: string) => Promise<string[]>;
  /** What opens sockets. Default: undici's own. */
  readonly connector?: ConnectorFactory;
}

/**
 * Makes one attempt. Each has a connection of its own: the address is judged each time, and no delivery is
 * lost to a kept connection that the receiver was just closing. Redirects are never followed.
 */
export class WebhookPoster {
  constructor(
    private readonly policy: TargetPolicy,
    private readonly clock: Clock,
    private readonly options: WebhookPosterOptions,
  ) {}

  /** Never rejects for anything that the far end does; rejects with the reason of `stop` when that aborts. */
  async post(request: WebhookPost, stop: AbortSignal): Promise<PostOutcome> {
    stop.throwIfAborted();
    const end = new AbortController();
    const reached: { address: string | null } = { address: null };
    const onStop = () => end.abort(stop.reason);
    stop.addEventListener('abort', onStop);
    const timer = this.clock.setTimer(this.options.timeoutMs, () => end.abort(TOO_LATE));
    try {
      return await this.attempt(request, end.signal, reached);
    } catch (error) {
      stop.throwIfAborted();
      if (end.signal.reason === TOO_LATE) {
        const detail = `no answer within ${this.options.timeoutMs} ms`;
        return failedPost('timeout', detail, reached.address);
      }
      return failedPost(errorClassOf(error), detailOf(error), reached.address);
    } finally {
      timer.cancel();
      stop.removeEventListener('abort', onStop);
    }
  }

  private async attempt(
    request: WebhookPost,
    signal: AbortSignal,
    reached: { address: string | null },
  ): Promise<PostOutcome> {
    const url = this.policy.checkUrl(request.url);
    const addresses = await this.addressesOf(url, signal);
    this.policy.checkAddresses(url, addresses);
    const connect = checkedConnection({
      connector: this.options.connector ?? buildConnector,
      addresses,
      certificateAuthorities: this.options.certificateAuthorities,
      signal,
      onConnected: (address) => {
        this.policy.checkAddresses(url, [address]);
        reached.address = address;
      },
    });
    // Undici's own timeouts run on the real clock; the deadline covers all of it.
    const client = new Client(url.origin, { connect, headersTimeout: 0, bodyTimeout: 0 });
    try {
      const response = await client.request({
        method: 'POST',
        path: url.pathname + url.search,
        headers: request.headers,
        body: request.body,
        signal,
      });
      return await this.outcomeOf(response, reached.address);
    } finally {
      await client.destroy();
    }
  }

  private async addressesOf(url: URL, signal: AbortSignal): Promise<string[]> {
    const host = bareHost(url.hostname);
    if (isIP(host) !== 0) return [host];
    // A resolver that hangs cannot be cancelled, only left behind.
    return Promise.race([this.options.resolve(host), rejectionOf(signal)]);
  }

  private async outcomeOf(
    response: Dispatcher.ResponseData,
    address: string | null,
  ): Promise<PostOutcome> {
    const { statusCode } = response;
    const header = response.headers['retry-after'];
    const isRedirect = statusCode >= 300 && statusCode < 400;
    const isSuccess = statusCode >= 200 && statusCode < 300;
    return {
      statusCode,
      errorClass: isSuccess ? null : isRedirect ? 'redirect' : 'status',
      errorDetail: isSuccess ? null : `answered ${statusCode}`,
      address,
      responseExcerpt: await excerptOf(response.body),
      retryAfterMs: retryAfterMs(Array.isArray(header) ? header[0] : header, this.clock.now()),
    };
  }
}

/** The status has decided already: an answer's body that breaks off or never ends changes nothing. */
async function excerptOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_RESPONSE_BYTES) break;
    }
  } catch {
    // What came before it broke off is kept.
  }
  // PostgreSQL's text holds no NUL.
  return Buffer.concat(chunks).subarray(0, MAX_EXCERPT_BYTES).toString().replaceAll('\0', '\uFFFD');
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function detailOf(error: unknown): string {
  return textOf(error).slice(0, MAX_DETAIL_CHARS);
}

/** A name whose every address has failed is an AggregateError, which says nothing itself. */
function textOf(error: unknown): string {
  const hasErrors = typeof error === 'object' && error !== null && 'errors' in error;
  if (hasErrors && Array.isArray(error.errors)) return error.errors.map(textOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
