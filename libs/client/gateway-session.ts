import { GatewayHttp, GatewayProblem, retrying } from '@foreman/gateway-http';
import type { GatewayAnswer, GatewayCall } from '@foreman/gateway-http';
import { RandomIds, SystemClock, SystemRandom } from '@foreman/kernel';
import type { Clock, IdSource, RandomSource } from '@foreman/kernel';
import type { Readable } from 'node:stream';
import { DEFAULT_MAX_ATTEMPTS } from './foreman-client.options';
import type { ForemanClientOptions } from './foreman-client.options';
import type { Page } from './protocol.types';

type Query = NonNullable<GatewayCall['query']>;

/** One client's way to its gateway: retried calls, pages, and the parts that all of its calls share. */
export class GatewaySession {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly random: RandomSource;
  readonly maxAttempts: number;
  private readonly http: GatewayHttp;

  constructor(private readonly options: ForemanClientOptions) {
    this.clock = options.clock ?? new SystemClock();
    this.ids = options.ids ?? new RandomIds();
    this.random = options.random ?? new SystemRandom();
    this.maxAttempts = options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
    this.http = new GatewayHttp({
      baseUrl: options.baseUrl,
      token: options.apiKey,
      clock: this.clock,
      connections: options.connections,
    });
  }

  /** A call with a JSON answer, retried while it fails for reasons that pass. */
  call<T>(call: GatewayCall): Promise<T> {
    return this.repeated(() => call, call.signal);
  }

  /** The same with a call that is made anew for each try: its body is a stream, say. */
  async repeated<T>(makeCall: () => GatewayCall, signal?: AbortSignal): Promise<T> {
    const timeoutMs = this.options.timeoutMs;
    const attempt = () => this.http.json<T>({ timeoutMs, ...makeCall() });
    return (await retrying(attempt, this.retrySettings(signal))).body as T;
  }

  /** A POST with a JSON body. */
  post<T>(path: string, body: unknown, call: Partial<GatewayCall> = {}): Promise<T> {
    return this.call<T>({
      ...call,
      method: 'POST',
      path,
      contentType: 'application/json',
      body: JSON.stringify(body),
    });
  }

  /**
   * A DELETE: not found counts as done after a try whose answer was lost, because that try may have done it.
   */
  async remove(path: string, signal?: AbortSignal): Promise<void> {
    let isRepeat = false;
    try {
      await retrying(() => this.http.json({ method: 'DELETE', path, signal }), {
        ...this.retrySettings(signal),
        onRetry: () => (isRepeat = true),
      });
    } catch (error) {
      const isGone = error instanceof GatewayProblem && error.status === 404;
      if (!(isRepeat && isGone)) throw error;
    }
  }

  /** All items of a list, page by page as they are asked for. */
  async *items<T>(path: string, query: Query, signal?: AbortSignal): AsyncGenerator<T, void> {
    let cursor: string | null = null;
    do {
      const page: Page<T> = await this.call<Page<T>>({
        method: 'GET',
        path,
        query: { ...query, ...(cursor === null ? {} : { cursor }) },
        signal,
      });
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /** Opens a streamed answer; only the opening is retried. */
  stream(call: GatewayCall): Promise<GatewayAnswer<Readable>> {
    return retrying(() => this.http.stream(call), this.retrySettings(call.signal));
  }

  /** The same without any retry. */
  streamOnce(call: GatewayCall): Promise<GatewayAnswer<Readable>> {
    return this.http.stream(call);
  }

  async close(): Promise<void> {
    await this.http.close();
  }

  private retrySettings(signal?: AbortSignal) {
    const { clock, random, maxAttempts } = this;
    return { clock, random, maxAttempts, signal };
  }
}
