import { fromFloatBlob, toFloatBlob } from './float-blob';

/** Which rows a chunk holds, as it is stored. */
export interface ChunkRows {
  readonly first_row_id: number;
  readonly row_count: number;
  /** Null: consecutive, as they are when nobody else wrote between them. */
  readonly row_ids: Buffer | null;
}

export function rowIdsOf({ first_row_id: first, row_count: count, row_ids: ids }: ChunkRows) {
  if (ids !== null) return fromFloatBlob(ids);
  const rowIds = new Float64Array(count);
  for (let position = 0; position < count; position += 1) rowIds[position] = first + position;
  return rowIds;
}

export function chunkRowsOf(rowIds: Float64Array): ChunkRows {
  const first = rowIds[0] ?? 0;
  const isConsecutive = (rowIds.at(-1) ?? 0) - first === rowIds.length - 1;
  return {
    first_row_id: first,
    row_count: rowIds.length,
    row_ids: isConsecutive ? null : toFloatBlob(rowIds),
  };
}
