import type { Readable } from 'node:stream';
import {
  ConnectionFailure,
  GATEWAY_BACKOFF,
  GatewayProblem,
  isPassing,
} from '@foreman/gateway-http';
import { backoffMs, delay } from '@foreman/kernel';
import { streamEvents, type StreamEvent } from './event-stream';
import type { CallOptions } from './foreman-client.options';
import type { GatewaySession } from './gateway-session';
import type { LiveEvent } from './protocol.types';

export interface LiveOptions extends CallOptions {
  /** Go on after this event of an earlier iteration (its `id`); what was durable since is told first. */
  readonly lastEventId?: string;
}

/** A live event, and where to go on after it. */
export type ReceivedLiveEvent = LiveEvent & {
  /** For `lastEventId`; null until the present is told. */
  readonly id: string | null;
};

/** Two heartbeats (15 s) may be late; in ms. */
const SILENCE_MS = 45_000;
/** Before coming back to a gateway that has ended the stream on its own, because it stops; in ms. */
const RETURN_AFTER_MS = 1000;
const FINALIZED = new Set<string>(['completed', 'failed', 'cancelled']);

/**
 * A job's events until its end, over as many connections as it takes. States and tasks' events come once
 * each; progress and artifacts may come again after a cut. Ends when the job is finalized and all is told,
 * or with `gone`.
 */
export async function* liveEvents(
  session: GatewaySession,
  path: string,
  { lastEventId, signal }: LiveOptions,
): AsyncGenerator<ReceivedLiveEvent, void> {
  const { clock, random, maxAttempts } = session;
  let id = lastEventId ?? null;
  let hasBegun = false;
  let failures = 0;
  for (;;) {
    let waitMs = RETURN_AFTER_MS;
    try {
      const body = await open(session, path, id, signal);
      if (body === null) return;
      let isFinalized = false;
      for await (const sent of streamEvents(body)) {
        failures = 0;
        hasBegun = true;
        id = sent.lastEventId ?? id;
        const told = liveEvent(sent);
        if (told === null) continue;
        if (told.event === 'state') isFinalized = FINALIZED.has(told.data.status);
        yield { ...told, id };
        if (told.event === 'gone') return;
      }
      if (isFinalized) return;
    } catch (error) {
      signal?.throwIfAborted();
      if (hasBegun && isNotFound(error)) return yield { event: 'gone', data: {}, id };
      failures += 1;
      if (!isPassing(error) || failures >= maxAttempts) throw error;
      const asked = error instanceof GatewayProblem ? (error.retryAfterSeconds ?? 0) : 0;
      waitMs = Math.max(backoffMs(GATEWAY_BACKOFF, failures, random), asked * 1000);
    }
    await delay(clock, waitMs, signal);
    signal?.throwIfAborted();
  }
}

/** Null: all was told already. */
async function open(
  session: GatewaySession,
  path: string,
  lastEventId: string | null,
  signal: AbortSignal | undefined,
): Promise<Readable | null> {
  const { status, headers, body } = await session.streamOnce({
    method: 'GET',
    path,
    headers: { accept: 'text/event-stream', 'last-event-id': lastEventId ?? undefined },
    timeoutMs: SILENCE_MS,
    signal,
  });
  if (status === 200 && headers['content-type']?.startsWith('text/event-stream')) return body;
  body.destroy();
  if (status === 204) return null;
  throw new ConnectionFailure(`${path} answered ${status} without events`);
}

const KNOWN: ReadonlySet<string> = new Set<LiveEvent['event']>([
  'state',
  'task',
  'artifact',
  'progress',
  'gone',
]);

/** Null for what a newer gateway tells beside these, and for an id alone. */
function liveEvent({ event, data }: StreamEvent): LiveEvent | null {
  if (data === '' || !KNOWN.has(event)) return null;
  return { event, data: JSON.parse(data) } as LiveEvent;
}

function isNotFound(error: unknown): boolean {
  return error instanceof GatewayProblem && error.code === 'job.not_found';
}
