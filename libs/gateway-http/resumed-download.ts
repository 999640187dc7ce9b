import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { backoffMs, delay } from '@foreman/kernel';
import type { GatewayAnswer } from './gateway-http';
import { ConnectionFailure, GatewayProblem } from './gateway-problem';
import { sha256OfReprDigest } from './repr-digest';
import { GATEWAY_BACKOFF, isPassing, patienceMs } from './retrying';
import type { RetrySettings } from './retrying';

/** What an artifact object says of the bytes. */
export interface ExpectedBytes {
  readonly name: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The bytes that came are not those that the artifact object promises. */
export class ArtifactCorrupted extends Error {
  override readonly name = 'ArtifactCorrupted';
}

/**
 * Answers in a row that bring no byte, after which there is nothing to hope for: about a minute of them. Those are what a
 * gateway gives that cannot read the bytes; one that is away, or asks for patience, is waited for.
 */
const MOST_EMPTY_ANSWERS = 10;

/** A body ended in the middle: the gateway was there, and gave up on it. */
class BrokenOff extends ConnectionFailure {}

/** Asks for the bytes once, with these headers: none of them, or those of a range. */
export type OpenDownload = (
  headers: Readonly<Record<string, string>>,
) => Promise<GatewayAnswer<Readable>>;

/**
 * Bytes of any length, verified while they flow. Goes on by a range request after the last byte that came, waiting as
 * `Retry-After` asks. Gives up after `maxAttempts` tries in a row that brought nothing, or 10 that were answered and
 * brought nothing. Throws `ArtifactCorrupted` instead of ending when size or SHA-256 are not right, the refusal, or the
 * signal's reason.
 */
export async function* resumedDownload(
  expected: ExpectedBytes,
  open: OpenDownload,
  settings: RetrySettings,
): AsyncGenerator<Buffer, void> {
  const { name, size, sha256 } = expected;
  const hash = createHash('sha256');
  let received = 0;
  for await (const chunk of resumed(expected, open, settings)) {
    received += chunk.length;
    if (received > size) throw new ArtifactCorrupted(`${name} is longer than its ${size} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  if (received < size) throw new ArtifactCorrupted(`${name} ended after ${received} of ${size}`);
  const digest = hash.digest('hex');
  if (digest !== sha256) throw new ArtifactCorrupted(`${name} has the digest ${digest}`);
}

async function* resumed(
  expected: ExpectedBytes,
  open: OpenDownload,
  {
    clock,
    random,
    signal,
    policy = GATEWAY_BACKOFF,
    maxAttempts = Infinity,
    onRetry,
  }: RetrySettings,
): AsyncGenerator<Buffer, void> {
  const { size, sha256 } = expected;
  let received = 0;
  let failures = 0;
  let emptyAnswers = 0;
  while (received < size || size === 0) {
    const receivedBefore = received;
    try {
      const isResumed = received > 0;
      const range: Record<string, string> = isResumed
        ? { range: `bytes=${received}-`, 'if-range': `"${sha256}"` }
        : {};
      const answer = await open({ accept: '*/*', ...range });
      const flaw = flawOf(answer, expected, received);
      if (flaw !== null) {
        answer.body.destroy();
        throw new ArtifactCorrupted(flaw);
      }
      for await (const chunk of whole(answer.body)) {
        received += chunk.length;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      failures += 1;
      if (received > receivedBefore) emptyAnswers = 0;
      else emptyAnswers += Number(isAnswer(error));
      if (!isPassing(error) || failures >= maxAttempts) throw error;
      if (emptyAnswers >= MOST_EMPTY_ANSWERS) throw error;
      const delayMs = patienceMs(error, backoffMs(policy, failures, random));
      onRetry?.({ error, failures, delayMs });
      await delay(clock, delayMs, signal);
    }
  }
}

/** Of a 5xx only 500 is the gateway's own verdict: the others are of proxies, or pass with time. */
function isAnswer(error: unknown): boolean {
  if (error instanceof GatewayProblem) return error.status === 500;
  return error instanceof BrokenOff;
}

/** Why an answer is not about these bytes, as far as its head tells: seen before one of them is handed on. */
function flawOf(
  { status, headers }: GatewayAnswer<Readable>,
  { name, size, sha256 }: ExpectedBytes,
  received: number,
): string | null {
  const told = sha256OfReprDigest(headers['repr-digest'] ?? '');
  if (told !== null && told !== sha256) return `${name} is said to have the digest ${told}`;
  if (received === 0) return null;
  if (status !== 206) return `${name} changed while it was downloaded`;
  const rest = `bytes ${received}-${size - 1}/${size}`;
  const part = headers['content-range'] ?? rest;
  return part === rest ? null : `of ${name} came ${part} instead of ${rest}`;
}

/** A body's chunks; its breaking off is a failed connection like any other. */
async function* whole(body: Readable): AsyncGenerator<Buffer, void> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((cause: unknown) => {
        throw new BrokenOff('the download broke off', { cause });
      });
      if (next.done === true) return;
      yield next.value as Buffer;
    }
  } finally {
    body.destroy();
  }
}
