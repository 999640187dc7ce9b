import type { Readable } from 'node:stream';
import { DomainError } from '@foreman/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { serveBytes, type ServedBytes } from './byte-serving';
import { sendStream, watchAnswer } from './streamed-answers';

/** Who may read: callers with a token of their own, or whoever was given a signed URL. */
export type DownloadCaller = 'token' | 'signed';

/** Until one of many has come to its end. */
const NO_PLACE_RETRY_SECONDS = 5;

/**
 * The streams of stored bytes that go out, each of which holds a chunk or two in memory. Signed URLs have places of
 * their own: whoever they were handed on to takes none from edges and services.
 */
@Injectable()
export class Downloads {
  private readonly taken: Record<DownloadCaller, number> = { token: 0, signed: 0 };
  private readonly places: Record<DownloadCaller, { most: number; setting: string }>;
  private readonly idleMs: number;

  constructor(@Inject(GATEWAY_OPTIONS) options: GatewayOptions) {
    this.idleMs = options.downloadIdleSeconds * 1000;
    this.places = {
      token: { most: options.maxDownloads, setting: 'FOREMAN_MAX_DOWNLOADS' },
      signed: { most: options.maxSignedDownloads, setting: 'FOREMAN_MAX_SIGNED_DOWNLOADS' },
    };
  }

  /** How many there are. */
  count(caller: DownloadCaller): number {
    return this.taken[caller];
  }

  /**
   * Answers as `serveBytes`; only what sends bytes takes a place, until its response is closed.
   * @throws as that; `rate.limited` when all places are taken.
   */
  async serve(
    caller: DownloadCaller,
    request: Request,
    response: Response,
    bytes: ServedBytes,
  ): Promise<void> {
    const begin = () => this.enter(caller);
    await serveBytes(request, response, bytes, { idleMs: this.idleMs, begin });
  }

  /** Answers with rows as they are read. That has places of its own, by what the reading holds. */
  async stream(rows: Readable, response: Response): Promise<void> {
    const broken = watchAnswer(response, this.idleMs, () => undefined);
    if (response.req.method !== 'HEAD') return sendStream(rows, response, broken);
    rows.destroy();
    response.end();
  }

  private enter(caller: DownloadCaller): () => void {
    const { most, setting } = this.places[caller];
    if (this.taken[caller] >= most) {
      throw new DomainError('rate.limited', `Too many downloads at the same time (${setting}).`, {
        retryAfterSeconds: NO_PLACE_RETRY_SECONDS,
      });
    }
    this.taken[caller] += 1;
    return () => {
      this.taken[caller] -= 1;
    };
  }
}
