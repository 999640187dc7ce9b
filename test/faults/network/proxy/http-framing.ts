/** One HTTP/1.1 message, with the very bytes that it came in. */
export interface HttpMessage {
  readonly bytes: Buffer;
  /** `POST /jobs HTTP/1.1`, or `HTTP/1.1 200 OK`. */
  readonly startLine: string;
  /** By lower-case name; of a repeated one the last. */
  readonly headers: ReadonlyMap<string, string>;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
/** Answers that never have a body (RFC 9112, 6.3); HEAD is not spoken here. */
const BODILESS = /^HTTP\/1\.[01] (?:1\d\d|204|304)\b/;

type Head = Pick<HttpMessage, 'startLine' | 'headers'> & { readonly bodyAt: number };

/**
 * Cuts the bytes of one direction of a connection into messages: just enough of RFC 9112 to know where each begins and
 * ends (Content-Length, chunked, no body, or a body that lasts until the connection ends).
 */
export class HttpFraming {
  private pending: Buffer = Buffer.alloc(0);
  private head: Head | null = null;

  constructor(private readonly direction: 'requests' | 'answers') {}

  /** The messages that these bytes complete. */
  push(bytes: Buffer): HttpMessage[] {
    this.pending = Buffer.concat([this.pending, bytes]);
    const messages: HttpMessage[] = [];
    for (let message = this.take(); message !== null; message = this.take()) {
      messages.push(message);
    }
    return messages;
  }

  /** The connection has ended: the answer that lasted until then, if there is one. */
  end(): HttpMessage | null {
    const head = this.headOfPending();
    return head !== null && this.endOf(head) === 'connection'
      ? this.cut(head, this.pending.length)
      : null;
  }

  private take(): HttpMessage | null {
    const head = this.headOfPending();
    if (head === null) return null;
    const end = this.endOf(head);
    return typeof end === 'number' ? this.cut(head, end) : null;
  }

  private cut({ startLine, headers }: Head, end: number): HttpMessage {
    const bytes = this.pending.subarray(0, end);
    this.pending = this.pending.subarray(end);
    this.head = null;
    return { bytes, startLine, headers };
  }

  private headOfPending(): Head | null {
    if (this.head !== null) return this.head;
    const end = this.pending.indexOf(HEAD_END);
    if (end < 0) return null;
    const [startLine = '', ...lines] = this.pending.toString('latin1', 0, end).split('\r\n');
    const headers = new Map(lines.map(headerOf));
    this.head = { startLine, headers, bodyAt: end + HEAD_END.length };
    return this.head;
  }

  /** Where the message ends in what is pending; null while that has not come. */
  private endOf({ startLine, headers, bodyAt }: Head): number | 'connection' | null {
    if (BODILESS.test(startLine)) return bodyAt;
    if (/\bchunked\b/i.test(headers.get('transfer-encoding') ?? '')) {
      return endOfChunks(this.pending, bodyAt);
    }
    const length = headers.get('content-length');
    if (length === undefined) return this.direction === 'requests' ? bodyAt : 'connection';
    const end = bodyAt + Number(length);
    return this.pending.length >= end ? end : null;
  }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function endOfChunks(bytes: Buffer, from: number): number | null {
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return null;
    const size = parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const chunkAt = lineEnd + LINE_END.length;
    if (size === 0) return endOfTrailers(bytes, chunkAt);
    at = chunkAt + size + LINE_END.length;
    if (!(at <= bytes.length)) return null;
  }
}

/** Trailer lines, then an empty one. */
function endOfTrailers(bytes: Buffer, from: number): number | null {
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return null;
    const next = lineEnd + LINE_END.length;
    if (lineEnd === at) return next;
    at = next;
  }
}
