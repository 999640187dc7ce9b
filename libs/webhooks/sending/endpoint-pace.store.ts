import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';

const MINUTE_MS = 60_000;

/** A standing endpoint that may be posted to only so often. */
export interface Pace {
  readonly nextPostAt: number;
  /** Between two posts: evenly, so that no minute sees more than the rate, a receiver's start-up included. */
  readonly intervalMs: number;
}

/** Keeps endpoints' posts to their `ratePerMinute`; in rows, so that a restart forgives nothing. */
@Injectable()
export class EndpointPace {
  /** Those that have a rate, by id. */
  async read(tx: Tx): Promise<ReadonlyMap<string, Pace>> {
    const rows = await tx.query<{ id: string; rate: number; next_post_at: number | null }>(
      `SELECT id, rate_per_minute AS rate, next_post_at FROM webhook_endpoints
       WHERE rate_per_minute IS NOT NULL`,
    );
    return new Map(
      rows.map(({ id, rate, next_post_at: nextPostAt }) => [
        id,
        { nextPostAt: Number(nextPostAt ?? 0), intervalMs: Math.ceil(MINUTE_MS / Number(rate)) },
      ]),
    );
  }

  /** One post goes out now. */
  async spend(tx: Tx, endpointId: string, pace: Pace, now: number): Promise<void> {
    await tx.execute('UPDATE webhook_endpoints SET next_post_at = ? WHERE id = ?', [
      now + pace.intervalMs,
      endpointId,
    ]);
  }

  /** When the next one may be posted to again; epoch ms, null: none is held back. */
  async nextAt(db: Queryable, now: number): Promise<number | null> {
    const [row] = await db.query<{ at: number | null }>(
      `SELECT min(next_post_at) AS at FROM webhook_endpoints
       WHERE rate_per_minute IS NOT NULL AND next_post_at > ?`,
      [now],
    );
    const at = row?.at ?? null;
    return at === null ? null : Number(at);
  }
}
