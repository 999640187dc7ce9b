import type { Readable } from 'node:stream';
import { reprDigest } from '@foreman/gateway-http';
import type { GatewayCall } from '@foreman/gateway-http';
import { sha256Hex } from '@foreman/kernel';
import { unlessGone } from './already-gone';
import type { Gone } from './already-gone';
import type { SubmitOptions } from './foreman-client.options';
import type { GatewaySession } from './gateway-session';
import type { Input } from './protocol.types';

/** What is uploaded: bytes, text in UTF-8, or a maker of streams, asked again for each try. */
export type InputBytes = Buffer | string | (() => Readable);

export interface InputOptions extends SubmitOptions {
  /** Told to the edges that read it. */
  readonly contentType: string;
  /** How long it is kept while no job names it. */
  readonly ttlSeconds?: number;
  /** Of a stream, in hex, where it is known: other bytes are refused. Of bytes it is computed. */
  readonly sha256?: string;
}

/**
 * Announces an input and puts its bytes: once, however often an answer is lost. With an `idempotencyKey` of the
 * caller's own, a whole repeat finds the same input again. @throws AlreadyGone when that was removed since
 */
export async function uploadInput(
  session: GatewaySession,
  bytes: InputBytes,
  { contentType, ttlSeconds, sha256, idempotencyKey, signal }: InputOptions,
): Promise<Input> {
  const body = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
  const known = Buffer.isBuffer(body)
    ? { size: body.length, sha256: sha256Hex(body) }
    : { ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }) };
  const announced = { contentType, ...known, ...(ttlSeconds !== undefined && { ttlSeconds }) };
  const made = await session.post<Input | Gone>('/inputs', announced, {
    headers: { 'idempotency-key': idempotencyKey ?? session.ids.uuid() },
    signal,
  });
  const { id } = unlessGone(made);
  const digest = known.sha256 === undefined ? undefined : reprDigest(known.sha256);
  const put = (): GatewayCall => ({
    method: 'PUT',
    path: `/inputs/${encodeURIComponent(id)}`,
    contentType: 'application/octet-stream',
    headers: { 'repr-digest': digest },
    body: Buffer.isBuffer(body) ? body : body(),
    signal,
  });
  return session.repeated<Input>(put, signal);
}
