import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteRange } from '@foreman/artifacts';
import { DomainError } from '@foreman/kernel';
import { Logger } from '@nestjs/common';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { answerTo } from './byte-preconditions';
import { servedType } from './safe-media-types';
import { cutWhileUnread } from './unread-answers';

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

/** How a stream ends whose reader has gone, or was cut off. */
const GONE_CODES = new Set<unknown>(['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR']);

const logger = new Logger('ByteServing');

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
  const broken = isBare ? undefined : begin(request, response, rules);
  const whole = isAtOnce ? await bytes.whole() : null;
  describe(response, bytes);
  if (range !== undefined) {
    response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${bytes.size}`);
  }
  response.setHeader('Content-Length', length);
  if (isBare) response.end();
  else if (whole !== null) response.end(whole);
  else await send(bytes.open(range), response, broken);
}

/**
 * Sees to it that the end is noticed, whatever way it comes. A response that waits behind another on its connection
 * (pipelined) is told nothing when that breaks: the signal aborts then.
 */
function begin(request: Request, response: Response, rules: SendRules): AbortSignal {
  const release = rules.begin();
  const { socket } = request;
  const broken = new AbortController();
  let isOver = false;
  // Both come when a connection breaks: a listener that is taken off during an event is called by it all the same.
  const over = () => {
    if (isOver) return;
    isOver = true;
    socket.off('close', brokenOff);
    release();
  };
  const brokenOff = () => {
    over();
    broken.abort();
  };
  cutWhileUnread(response, rules.idleMs);
  response.once('close', over);
  socket.once('close', brokenOff);
  if (socket.destroyed) brokenOff();
  return broken.signal;
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

/** `pipeline` destroys the response when the source fails: cut off, never ended as if whole. */
async function send(source: Readable, response: Response, signal?: AbortSignal): Promise<void> {
  try {
    await pipeline(source, response, { signal });
  } catch (error) {
    if (!isClientGone(error)) logger.error(error);
  }
}

function isClientGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && GONE_CODES.has(error.code);
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
