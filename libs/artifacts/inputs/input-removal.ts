import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { InputBlobs } from './input-blobs';

/** Where a walk over the inputs whose time is over stands. */
export interface DueInput {
  readonly id: string;
  /** Epoch ms. */
  readonly expires_at: number;
}

/** Removes inputs whose time is over and that no job holds: never filled, never used, deleted, or done with. */
@Injectable()
export class InputRemoval {
  constructor(private readonly blobs: InputBlobs) {}

  /** The next of them after one; null: from the beginning. */
  async due(
    db: Queryable,
    now: number,
    after: DueInput | null,
    limit: number,
  ): Promise<DueInput[]> {
    return db.query<DueInput>(DUE, [now, after?.expires_at ?? 0, after?.id ?? '', limit]);
  }

  /** Those that still are, with their bytes where they were the last to have them; how many went. */
  async remove(tx: Tx, inputs: readonly DueInput[], now: number): Promise<number> {
    let count = 0;
    for (const { id } of inputs) {
      const [removed] = await tx.query<{ sha256: string | null }>(REMOVE, [id, now]);
      if (removed === undefined) continue;
      count += 1;
      if (removed.sha256 !== null) await this.blobs.letGo(tx, removed.sha256, now);
    }
    return count;
  }
}

/** Few have one and the same moment: those alone are sorted. */
export const DUE = `
  SELECT id, expires_at FROM inputs
  WHERE holds = 0 AND expires_at <= ? AND (expires_at, id) > (?, ?)
  ORDER BY expires_at, id LIMIT ?`;

/** The state is asked for again: a job may have taken hold of it just now. */
const REMOVE = `
  DELETE FROM inputs WHERE id = ? AND holds = 0 AND expires_at <= ? RETURNING sha256`;
