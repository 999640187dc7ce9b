import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ConnectionFailure, GATEWAY_BACKOFF, isPassing } from '@foreman/gateway-http';
import { backoffMs, delay } from '@foreman/kernel';
import type { CallOptions } from './foreman-client.options';
import type { GatewaySession } from './gateway-session';
import type { ArtifactObject } from './protocol.types';

export type DownloadOptions = CallOptions;

/** The bytes that came are not the artifact's. */
export class ArtifactCorrupted extends Error {
  override readonly name = 'ArtifactCorrupted';
}

type Expected = Pick<ArtifactObject, 'name' | 'size' | 'sha256'>;

/** The artifact's bytes, verified while they flow: the stream errors instead of ending when they are not right. */
export function downloadArtifact(
  session: GatewaySession,
  path: string,
  expected: Expected,
  options: DownloadOptions,
): Readable {
  return Readable.from(verified(expected, resumed(session, path, expected, options)), {
    objectMode: false,
  });
}

async function* verified(
  { name, size, sha256 }: Expected,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  const hash = createHash('sha256');
  let received = 0;
  for await (const chunk of chunks) {
    received += chunk.length;
    if (received > size) throw new ArtifactCorrupted(`${name} is longer than its ${size} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  if (received < size) throw new ArtifactCorrupted(`${name} ended after ${received} of ${size}`);
  const digest = hash.digest('hex');
  if (digest !== sha256) throw new ArtifactCorrupted(`${name} has the digest ${digest}`);
}

/** Goes on by a range request after the last byte that came, as long as each try brings something. */
async function* resumed(
  session: GatewaySession,
  path: string,
  { name, size, sha256 }: Expected,
  { signal }: DownloadOptions,
): AsyncGenerator<Buffer, void> {
  const { clock, random, maxAttempts } = session;
  let received = 0;
  let failures = 0;
  while (received < size || size === 0) {
    try {
      const isResumed = received > 0;
      const range = isResumed ? { range: `bytes=${received}-`, 'if-range': `"${sha256}"` } : {};
      const { status, body } = await session.streamOnce({
        method: 'GET',
        path,
        headers: { accept: '*/*', ...range },
        signal,
      });
      if (isResumed && status !== 206) {
        body.destroy();
        throw new ArtifactCorrupted(`${name} changed while it was downloaded`);
      }
      for await (const chunk of whole(body)) {
        received += chunk.length;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      failures += 1;
      if (!isPassing(error) || failures >= maxAttempts) throw error;
      await delay(clock, backoffMs(GATEWAY_BACKOFF, failures, random), signal);
    }
  }
}

/** A body's chunks; its breaking off is a failed connection like any other. */
async function* whole(body: Readable): AsyncGenerator<Buffer, void> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((cause: unknown) => {
        throw new ConnectionFailure('the download broke off', { cause });
      });
      if (next.done === true) return;
      yield next.value as Buffer;
    }
  } finally {
    body.destroy();
  }
}
