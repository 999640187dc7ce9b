import { Pool } from 'undici';
import { CALLERS } from '../bench-plan';
import { perSecond } from '../measure/concurrent-calls';
import type { HttpAnswer, HttpCall } from './http-call';

/** Sixteen connections to one server, each with one request at a time. */
export class Connections {
  private readonly pool: Pool;

  constructor(origin: string) {
    this.pool = new Pool(origin, { connections: CALLERS, pipelining: 1 });
  }

  /** @throws Error with the answer's text unless it is a 2xx. */
  async send(call: HttpCall): Promise<HttpAnswer> {
    const { method, path, headers, body } = call;
    const response = await this.pool.request({ method, path, headers, body });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    if (response.statusCode < 200 || response.statusCode > 299) {
      throw new Error(`${method} ${path}: ${response.statusCode} ${bytes.toString()}`);
    }
    const contentType = String(response.headers['content-type'] ?? '');
    return { status: response.statusCode, contentType, body: bytes };
  }

  /** Sends all of them, sixteen at a time. Answers how many were answered in a second. */
  sendAll(calls: readonly HttpCall[], expected: Pick<HttpAnswer, 'status'>): Promise<number> {
    return perSecond(calls.length, async (index) => {
      const call = calls[index];
      if (call === undefined) throw new RangeError(`There is no call ${index}`);
      const { status } = await this.send(call);
      if (status !== expected.status) throw new Error(`${call.path}: ${status}`);
    });
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
