import type { Readable } from 'node:stream';
import type { SignedRelease } from '@foreman/kernel';
import { PackageUnavailable, ReleaseRefused } from './release-refused';

const CONNECT_TIMEOUT_MS = 10_000;
/** How long the answer's head may take, and how long its body may stand still. */
const DEFAULT_STALL_MS = 30_000;
/** Download sites lead to their mirrors; where the bytes come from does not matter, their digest does. */
const MAX_REDIRECTIONS = 5;

export interface FetchSettings {
  readonly signal?: AbortSignal;
  readonly stallMs?: number;
}

/**
 * Hands the package's bytes, as they come, to `take`. No credential is sent. Throws `ReleaseRefused` for a length that is
 * not the release's, `PackageUnavailable` for any other answer or none, or for what else `take` throws (a full disk,
 * say), and the signal's reason.
 */
export async function fetchPackage<T>(
  { url, size }: Pick<SignedRelease, 'url' | 'size'>,
  { signal, stallMs = DEFAULT_STALL_MS }: FetchSettings,
  take: (body: Readable) => Promise<T>,
): Promise<T> {
  // Loaded when there is something to fetch: an idle agent must stay small.
  const { Agent, interceptors } = await import('undici');
  const agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  try {
    const { statusCode, headers, body } = await agent
      .compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTIONS }))
      .request({
        origin: new URL(url).origin,
        path: new URL(url).pathname + new URL(url).search,
        method: 'GET',
        headers: { accept: '*/*' },
        signal: signal ?? null,
        headersTimeout: stallMs,
        bodyTimeout: stallMs,
      });
    if (statusCode !== 200) {
      throw new PackageUnavailable(`the package's address answered ${statusCode}`);
    }
    const length = headers['content-length'];
    if (length !== undefined && Number(length) !== size) {
      throw new ReleaseRefused('size', `the package has ${Number(length)} bytes, not ${size}`);
    }
    return await take(body);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ReleaseRefused || error instanceof PackageUnavailable) throw error;
    const reason = error instanceof Error ? error.message || error.name : String(error);
    throw new PackageUnavailable(`the package could not be fetched: ${reason}`, { cause: error });
  } finally {
    // What was not read is not wanted.
    await agent.destroy();
  }
}
