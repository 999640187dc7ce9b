import type { Readable } from 'node:stream';
import type { ByteRange } from '@foreman/artifacts';
import { DomainError } from '@foreman/kernel';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { answerTo } from './byte-preconditions';
import { servedType } from './safe-media-types';
import { sendStream, watchAnswer } from './streamed-answers';

/** Stored bytes that somebody may fetch. */
export interface ServedBytes {
  /** The name to save them under; already held against the rule for names. */
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** All of them, or a range with both ends included. */
  open(range?: ByteRange): Readable;
  /** All of them at once; rejects with the refusal when they are damaged or gone. Asked only of small ones. */
  whole(): Promise<Buffer>;
}

/** How bytes go out. */
export interface SendRules {
  /**
   * A reader for whom the kernel takes no byte for so long is cut off, in ms. One who reads steadily is not, unless it is
   * very slow: the kernel keeps some 4 MB itself, and takes more only once a good part of that is read.
   */
  readonly idleMs: number;
  /**
   * Called before the headers of an answer that sends bytes; what it throws is the answer then. What it answers is
   * called once, when the response is over.
   */
  readonly begin: () => () => void;
}

/** Up to here bytes are answered from memory: a stream and its pipeline cost more than they do. */
const AT_ONCE_BYTES = 65_536;

/**
 * Answers a GET or HEAD with bytes that are not to be trusted (contract, "Serving"): conditions and
 * single ranges by RFC 9110, headers that keep a browser from running anything. Settles when the
 * bytes are out (small ones: handed over), or when the connection is cut off because either side failed, or the
 * reader does not read.
 * @throws `artifact.precondition_failed`, `artifact.range_not_satisfiable` (with `Content-Range` set); what `begin`
 * throws and `whole` rejects with.
 */
export async function serveBytes(
  request: Request,
  response: Response,
  bytes: ServedBytes,
  rules: SendRules,
): Promise<void> {
  const etag = `"${bytes.sha256}"`;
  const answer = answerTo(request.method, request.headers, etag, bytes.size);
  if (answer.status === 412) throw preconditionFailed(etag);
  if (answer.status === 416) {
    response.setHeader('Content-Range', `bytes */${bytes.size}`);
    throw rangeNotSatisfiable(bytes.size);
  }
  response.status(answer.status);
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', 'private, no-cache');
  if (answer.status === 304) {
    response.end();
    return;
  }
  const range = answer.status === 206 ? { start: answer.start, end: answer.end } : undefined;
  const length = range === undefined ? bytes.size : range.end - range.start + 1;
  const isBare = request.method === 'HEAD' || length === 0;
  const isAtOnce = !isBare && length === bytes.size && length <= AT_ONCE_BYTES;
  // Before the headers, none of which a refusal is to have.
  const broken = isBare ? null : watchAnswer(response, rules.idleMs, rules.begin());
  const whole = isAtOnce ? await bytes.whole() : null;
  describe(response, bytes);
  if (range !== undefined) {
    response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${bytes.size}`);
  }
  response.setHeader('Content-Length', length);
  if (broken === null) response.end();
  else if (whole !== null) response.end(whole);
  else await sendStream(bytes.open(range), response, broken);
}

/** Set on the raw response: Express would add a charset to the type. */
function describe(response: Response, bytes: ServedBytes): void {
  const reprDigest = `sha-256=:${Buffer.from(bytes.sha256, 'hex').toString('base64')}:`;
  response.setHeader('Content-Disposition', contentDisposition(bytes.name));
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
  response.setHeader('Repr-Digest', reprDigest);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', servedType(bytes.contentType));
}

function preconditionFailed(etag: string): DomainError {
  return new DomainError(
    'artifact.precondition_failed',
    `If-Match does not name the artifact as it is: ${etag}.`,
  );
}

function rangeNotSatisfiable(size: number): DomainError {
  return new DomainError(
    'artifact.range_not_satisfiable',
    `The range lies outside of the artifact's ${size} bytes.`,
    { size },
  );
}
