import { Readable } from 'node:stream';
import { resumedDownload } from '@foreman/gateway-http';
import type { ExpectedBytes, OpenDownload } from '@foreman/gateway-http';
import type { CallOptions } from './foreman-client.options';
import type { GatewaySession } from './gateway-session';

export type DownloadOptions = CallOptions;

/** The artifact's bytes, verified while they flow: the stream errors instead of ending when they are not right. */
export function downloadArtifact(
  session: GatewaySession,
  path: string,
  expected: ExpectedBytes,
  { signal }: DownloadOptions,
): Readable {
  const open: OpenDownload = (headers) =>
    session.streamOnce({ method: 'GET', path, headers, signal });
  const { clock, random, maxAttempts } = session;
  const chunks = resumedDownload(expected, open, { clock, random, maxAttempts, signal });
  return Readable.from(chunks, { objectMode: false });
}
