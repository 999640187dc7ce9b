/** An answer with its body read: JSON where it is JSON. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly text: string;
}

export interface CallOptions {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string or bytes go as they are. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One call by fetch. Never throws for a status. */
export async function call<T = Record<string, unknown>>(
  baseUrl: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer<T>> {
  const isRaw = typeof options.body === 'string' || options.body instanceof Uint8Array;
  const headers = new Headers({ ...options.headers });
  if (options.token) headers.set('authorization', `Bearer ${options.token}`);
  if (options.body !== undefined && !headers.has('content-type')) {
    headers.set('content-type', 'application/json');
  }
  const response = await fetch(baseUrl + path, {
    method,
    headers,
    body: isRaw ? (options.body as RequestInit['body']) : JSON.stringify(options.body),
    redirect: 'manual',
    signal: options.signal,
  });
  const text = await response.text();
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  const body = (isJson && text !== '' ? JSON.parse(text) : {}) as T;
  return { status: response.status, headers: response.headers, body, text };
}
