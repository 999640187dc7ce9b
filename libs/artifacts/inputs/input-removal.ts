import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { InputBlobs } from './input-blobs';

/** Removes inputs whose time is over and that no job holds: never filled, never used, deleted, or done with. */
@Injectable()
export class InputRemoval {
  constructor(private readonly blobs: InputBlobs) {}

  /** At most `limit` of them, with their bytes where they were the last to have them; how many went. */
  async removeBatch(tx: Tx, now: number, limit: number): Promise<number> {
    const due = await tx.query<{ id: string }>(DUE, [now, limit]);
    for (const { id } of due) {
      const [removed] = await tx.query<{ sha256: string | null }>(REMOVE, [id, now]);
      if (removed?.sha256 !== null && removed !== undefined) {
        await this.blobs.letGo(tx, removed.sha256, now);
      }
    }
    return due.length;
  }
}

export const DUE = `
  SELECT id FROM inputs WHERE holds = 0 AND expires_at <= ? ORDER BY expires_at LIMIT ?`;

/** The state is asked for again: on a database with many writers a job may have taken hold of it just now. */
const REMOVE = `
  DELETE FROM inputs WHERE id = ? AND holds = 0 AND expires_at <= ? RETURNING sha256`;
