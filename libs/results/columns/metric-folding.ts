import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { chunkRowsOf, rowIdsOf, type ChunkRows } from './chunk-rows';
import { fromFloatBlob, toFloatBlob } from './float-blob';
import { CHUNK_ROWS, MetricChunk, type MetricRow } from './metric-chunk';

/**
 * A set's tail of so many rows becomes a chunk. Fewer make small blobs, more make queries parse more
 * JSON: 250 rows are read in about a millisecond.
 */
export const FOLDED_TAIL_ROWS = 250;

/** Rows that one unit of work reads back and folds: a set that was filled before there were columns catches up by and by. */
const FOLDED_AT_ONCE = 1000;

/** Writes the metric columns that stand beside the rows (ADR-0018), in the transactions that write those. */
@Injectable()
export class MetricFolding {
  /**
   * Puts rows that were just added at the end of a set into chunks.
   * @param rows ids ascending; all of the set's rows that no chunk holds.
   */
  async fold(tx: Tx, setId: number, rows: readonly MetricRow[]): Promise<void> {
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const part of evenParts(rows)) await this.insert(tx, setId, MetricChunk.of(part));
    await tx.execute(FOLDED, [last.id, rows.length, setId]);
  }

  /** The same for the oldest of the set's rows that no chunk holds, read back from the table. */
  async foldTail(tx: Tx, setId: number): Promise<void> {
    const rows = await tx.query<{ id: number; metrics: string }>(TAIL, [setId, FOLDED_AT_ONCE]);
    const parsed = rows.map(({ id, metrics }) => ({
      id,
      metrics: JSON.parse(metrics) as MetricRow['metrics'],
    }));
    await this.fold(tx, setId, parsed);
  }

  /** Rows of the set were replaced: those that are in chunks are changed there. @param rows in any order. */
  async patch(tx: Tx, setId: number, rows: readonly MetricRow[]): Promise<void> {
    const ascending = rows.toSorted((a, b) => a.id - b.id);
    for (let next = 0; next < ascending.length;) {
      const firstId = ascending[next]?.id ?? 0;
      const [stored] = await tx.query<StoredChunk>(CHUNK_OF_ROW, [setId, firstId]);
      const lastId = stored === undefined ? 0 : await this.patchChunk(tx, stored, ascending, next);
      // Chunks hold a set's first rows: what lies beyond the last of them is its tail.
      if (lastId < firstId) return;
      while ((ascending[next]?.id ?? Infinity) <= lastId) next += 1;
    }
  }

  /** @returns the id of the chunk's last row. */
  private async patchChunk(
    tx: Tx,
    stored: StoredChunk,
    rows: readonly MetricRow[],
    from: number,
  ): Promise<number> {
    const rowIds = rowIdsOf(stored);
    const columns = await tx.query<{ metric: string; vals: Buffer }>(COLUMNS, [stored.id]);
    const chunk = new MetricChunk(
      rowIds,
      new Map(columns.map(({ metric, vals }) => [metric, fromFloatBlob(vals)])),
      stored.is_partial === 1,
    );
    const { lastRowId } = chunk;
    for (let next = from; (rows[next]?.id ?? Infinity) <= lastRowId; next += 1) {
      const row = rows[next];
      if (row !== undefined) chunk.replace(row);
    }
    await this.writeColumns(tx, stored.id, chunk);
    if (chunk.hasMoreMetrics && stored.is_partial === 0) {
      await tx.execute('UPDATE metric_chunks SET is_partial = 1 WHERE id = ?', [stored.id]);
    }
    return lastRowId;
  }

  private async insert(tx: Tx, setId: number, chunk: MetricChunk): Promise<void> {
    const rows = chunkRowsOf(chunk.rowIds);
    const [made] = await tx.query<{ id: number }>(INSERT_CHUNK, [
      setId,
      rows.first_row_id,
      rows.row_count,
      rows.row_ids,
      chunk.hasMoreMetrics,
    ]);
    if (made === undefined) throw new Error('A new metric chunk has no id');
    await this.writeColumns(tx, made.id, chunk);
  }

  private async writeColumns(tx: Tx, chunkId: number, chunk: MetricChunk): Promise<void> {
    for (const [metric, column] of chunk.changed()) {
      await tx.execute(WRITE_COLUMN, [chunkId, metric, toFloatBlob(column)]);
    }
  }
}

interface StoredChunk extends ChunkRows {
  readonly id: number;
  readonly is_partial: 0 | 1;
}

/** As few parts of at most CHUNK_ROWS as there can be, about equally long. */
function* evenParts(rows: readonly MetricRow[]): Generator<readonly MetricRow[]> {
  const parts = Math.ceil(rows.length / CHUNK_ROWS);
  for (let part = 0; part < parts; part += 1) {
    const start = Math.floor((part * rows.length) / parts);
    yield rows.slice(start, Math.floor(((part + 1) * rows.length) / parts));
  }
}

const FOLDED = 'UPDATE row_sets SET folded_through = ?, folded_rows = folded_rows + ? WHERE id = ?';

export const TAIL = `
  SELECT r.id, r.metrics FROM row_sets s JOIN result_rows r ON r.set_id = s.id AND r.id > s.folded_through
  WHERE s.id = ? ORDER BY r.id LIMIT ?`;

export const CHUNK_OF_ROW = `
  SELECT id, first_row_id, row_count, row_ids, is_partial FROM metric_chunks
  WHERE set_id = ? AND first_row_id <= ? ORDER BY first_row_id DESC LIMIT 1`;

export const COLUMNS = 'SELECT metric, vals FROM metric_columns WHERE chunk_id = ?';

const INSERT_CHUNK = `
  INSERT INTO metric_chunks (set_id, first_row_id, row_count, row_ids, is_partial)
  VALUES (?, ?, ?, ?, ?) RETURNING id`;

const WRITE_COLUMN = `
  INSERT INTO metric_columns (chunk_id, metric, vals) VALUES (?, ?, ?)
  ON CONFLICT (chunk_id, metric) DO UPDATE SET vals = excluded.vals`;
