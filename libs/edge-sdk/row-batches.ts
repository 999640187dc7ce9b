import type { ResultRow } from './protocol.types';

/** The contract takes at most this many rows in one JSON call. */
export const MAX_ROWS_PER_BATCH = 5000;

/**
 * Far below the gateway's limit for rows (16 MiB): a batch that is retried costs little,
 * and no more than this of encoded rows is in memory at a time.
 */
export const MAX_BATCH_BYTES = 1024 * 1024;

export interface BatchBounds {
  readonly maxRows?: number;
  readonly maxBytes?: number;
}

/**
 * Encodes rows into JSON bodies for `POST tasks/:id/results`, one at a time as they are asked for: none holds more
 * rows or bytes than the bounds. A row that alone is larger goes alone; whether it is too large the gateway says.
 */
export function* rowBatches(
  rows: readonly ResultRow[],
  resultFolder?: string,
  bounds: BatchBounds = {},
): Generator<string, void, undefined> {
  const { maxRows = MAX_ROWS_PER_BATCH, maxBytes = MAX_BATCH_BYTES } = bounds;
  const tail =
    resultFolder === undefined ? ']}' : `],"resultFolder":${JSON.stringify(resultFolder)}}`;
  const envelopeBytes = Buffer.byteLength('{"rows":[' + tail);
  let batch: string[] = [];
  let bytes = envelopeBytes;
  const body = () => '{"rows":[' + batch.join(',') + tail;

  for (const row of rows) {
    const encoded = JSON.stringify(row);
    const added = Buffer.byteLength(encoded) + 1;
    if (batch.length > 0 && (batch.length >= maxRows || bytes + added > maxBytes)) {
      yield body();
      batch = [];
      bytes = envelopeBytes;
    }
    batch.push(encoded);
    bytes += added;
  }
  if (batch.length > 0) yield body();
}

/** The same rows as `application/x-ndjson`, for a body that is streamed. */
export async function* ndjsonLines(
  rows: AsyncIterable<ResultRow> | Iterable<ResultRow>,
): AsyncGenerator<string, void, undefined> {
  for await (const row of rows) yield JSON.stringify(row) + '\n';
}
