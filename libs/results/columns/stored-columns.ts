import { sqlList, type Queryable } from '@foreman/database';
import type { MetricValue } from '../result-row';
import { rowIdsOf, type ChunkRows } from './chunk-rows';
import { fromFloatBlob } from './float-blob';

/** Chunks that one statement reads at most: with one metric a quarter of a MiB. */
const CHUNKS_A_STATEMENT = 64;
/** Columns that one statement reads at most, unless a single chunk has more: 1 MiB. */
const COLUMNS_A_STATEMENT = 256;
/** Rows whose JSON one statement reads: at 64 KiB each they are parsed in some 30 ms. */
const ROWS_A_STATEMENT = 100;

/** A chunk with those of the wanted columns that it has. */
export interface StoredChunk {
  readonly id: number;
  readonly rowIds: Float64Array;
  /** A metric without a column is in none of its rows, unless the chunk is partial. */
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly isPartial: boolean;
}

export interface ParsedRow {
  readonly id: number;
  readonly metrics: Readonly<Record<string, MetricValue>>;
}

/** The set's chunks that begin after the one row and not after the other, a short statement's at a time. */
export async function* chunkPages(
  db: Queryable,
  setId: number,
  metrics: readonly string[],
  upToRowId: number,
): AsyncGenerator<readonly StoredChunk[]> {
  const columns = Math.max(1, metrics.length);
  const limit = Math.min(
    CHUNKS_A_STATEMENT,
    Math.max(1, Math.floor(COLUMNS_A_STATEMENT / columns)),
  );
  const { marks, params } = sqlList(metrics);
  const sql = metrics.length === 0 ? CHUNKS : chunksWith(marks);
  let afterRowId = 0;
  for (;;) {
    const found = await db.query<FoundColumn>(sql, [
      setId,
      afterRowId,
      upToRowId,
      limit,
      ...params,
    ]);
    const chunks = groupedByChunk(found);
    if (chunks.length > 0) yield chunks;
    if (chunks.length < limit) return;
    afterRowId = chunks.at(-1)?.rowIds.at(-1) ?? upToRowId;
    await new Promise(setImmediate);
  }
}

/** The set's rows after the one and up to the other, parsed, a short statement's at a time. */
export async function* rowPages(
  db: Queryable,
  setId: number,
  afterRowId: number,
  upToRowId: number,
): AsyncGenerator<readonly ParsedRow[]> {
  let after = afterRowId;
  for (;;) {
    const rows = await db.query<{ id: number; metrics: string }>(METRICS_OF_ROWS, [
      setId,
      after,
      upToRowId,
      ROWS_A_STATEMENT,
    ]);
    if (rows.length > 0) {
      yield rows.map(({ id, metrics }) => ({
        id,
        metrics: JSON.parse(metrics) as ParsedRow['metrics'],
      }));
    }
    if (rows.length < ROWS_A_STATEMENT) return;
    after = rows.at(-1)?.id ?? upToRowId;
    await new Promise(setImmediate);
  }
}

interface FoundColumn extends ChunkRows {
  readonly id: number;
  readonly is_partial: 0 | 1;
  readonly metric: string | null;
  readonly vals: Buffer | null;
}

function groupedByChunk(found: readonly FoundColumn[]): StoredChunk[] {
  const chunks: StoredChunk[] = [];
  let columns = new Map<string, Float64Array>();
  let last: FoundColumn | null = null;
  for (const row of found) {
    if (row.id !== last?.id) {
      columns = new Map();
      chunks.push({
        id: row.id,
        rowIds: rowIdsOf(row),
        columns,
        isPartial: row.is_partial === 1,
      });
    }
    if (row.metric !== null && row.vals !== null) columns.set(row.metric, fromFloatBlob(row.vals));
    last = row;
  }
  return chunks;
}

const CHUNK_HEADS = `
  SELECT id, first_row_id, row_count, row_ids, is_partial FROM metric_chunks
  WHERE set_id = ? AND first_row_id > ? AND first_row_id <= ? ORDER BY first_row_id LIMIT ?`;

export const CHUNKS = `SELECT k.*, NULL AS metric, NULL AS vals FROM (${CHUNK_HEADS}) k ORDER BY k.first_row_id`;

export function chunksWith(marks: string): string {
  return `
    SELECT k.*, c.metric, c.vals FROM (${CHUNK_HEADS}) k
    LEFT JOIN metric_columns c ON c.chunk_id = k.id AND c.metric IN (${marks})
    ORDER BY k.first_row_id`;
}

export const METRICS_OF_ROWS = `
  SELECT id, metrics FROM result_rows WHERE set_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?`;
