import { Injectable } from '@nestjs/common';
import { sqlList, type Queryable, type Tx } from '@foreman/database';

const MINUTE_MS = 60_000;

/** How often a standing endpoint may be posted to. */
interface Pace {
  readonly nextPostAt: number;
  /** Between two posts: evenly, so that no minute sees more than the rate, a receiver's start-up included. */
  readonly intervalMs: number;
}

/** A standing endpoint as its lane is claimed from. */
export interface LaneEndpoint {
  readonly id: string;
  /** As it is now: what was owed before it was changed goes there too. */
  readonly url: string;
  /** Null: as often as there is room. */
  readonly pace: Pace | null;
}

/** Keeps endpoints' posts to their `ratePerMinute`; in rows, so that a restart forgives nothing. */
@Injectable()
export class EndpointPace {
  /** By id. */
  async endpoints(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, LaneEndpoint>> {
    if (ids.length === 0) return new Map();
    const { marks, params } = sqlList(ids);
    const rows = await tx.query<EndpointRow>(
      `SELECT id, url, rate_per_minute, next_post_at FROM webhook_endpoints WHERE id IN (${marks})`,
      params,
    );
    return new Map(rows.map((row) => [row.id, { id: row.id, url: row.url, pace: paceOf(row) }]));
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

interface EndpointRow {
  readonly id: string;
  readonly url: string;
  readonly rate_per_minute: number | null;
  readonly next_post_at: number | null;
}

function paceOf(row: EndpointRow): Pace | null {
  if (row.rate_per_minute === null) return null;
  const intervalMs = Math.ceil(MINUTE_MS / Number(row.rate_per_minute));
  return { nextPostAt: Number(row.next_post_at ?? 0), intervalMs };
}
