import { Readable } from 'node:stream';
import { request, type Dispatcher } from 'undici';

/** What was answered, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

export interface HttpCall {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON. */
  readonly body?: object | AsyncIterable<Buffer>;
}

/** One call on a connection of its own choosing. Throws when it was not answered to the end. */
export async function send(
  baseUrl: string,
  { method, path, token, headers, body }: HttpCall,
): Promise<HttpAnswer> {
  const json = body === undefined || isStream(body) ? null : JSON.stringify(body);
  const stream = isStream(body) ? Readable.from(body, { highWaterMark: 1 }) : null;
  const answer = await request(baseUrl + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: json ?? stream,
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

function isStream(body: HttpCall['body']): body is AsyncIterable<Buffer> {
  return body !== undefined && Symbol.asyncIterator in body;
}

/** @throws Error when it is none of these, which is a finding of its own. */
export function jsonOf<T>(answer: HttpAnswer, ...statuses: readonly number[]): T {
  if (!statuses.includes(answer.status)) {
    throw new Error(`Expected ${statuses.join(' or ')}, got ${answer.status}: ${answer.text}`);
  }
  return (answer.text === '' ? {} : JSON.parse(answer.text)) as T;
}
