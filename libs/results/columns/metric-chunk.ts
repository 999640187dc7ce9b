import type { MetricValue } from '../result-row';

/** A row as columns see it. */
export interface MetricRow {
  readonly id: number;
  readonly metrics: Readonly<Record<string, MetricValue>>;
}

/**
 * Rows of a chunk at most: a column of 500 is 4,000 bytes, which just fits a page of 4,096 with its key.
 * One of 512 would take a second page, nine tenths of it for nothing.
 */
export const CHUNK_ROWS = 500;

/**
 * Metrics that a chunk keeps as columns at most; what else its rows have is read from their JSON. Rows
 * of a search have tens; with a thousand names the columns would be larger than the rows.
 */
export const CHUNK_METRICS = 200;

/** A metric as a column holds it: NaN for none. Minus zero is zero, as in every comparison. */
export function columnValue(value: MetricValue | undefined): number {
  return value === null || value === undefined ? Number.NaN : Number(value) + 0;
}

/** Rows of a set that follow each other, with their metrics column by column. */
export class MetricChunk {
  private readonly changedNames = new Set<string>();

  /**
   * @param rowIds ascending.
   * @param columns by name, a number a row: booleans are 1 and 0, null or no such metric is NaN.
   * @param isPartial its rows have metrics that it has no column of.
   */
  constructor(
    readonly rowIds: Float64Array,
    private readonly columns: Map<string, Float64Array>,
    private isPartial: boolean,
  ) {}

  /** @param rows one at least, in ascending order of their ids. */
  static of(rows: readonly MetricRow[]): MetricChunk {
    const chunk = new MetricChunk(
      Float64Array.from(rows, ({ id }) => id),
      new Map(),
      false,
    );
    for (let position = 0; position < rows.length; position += 1) {
      const row = rows[position];
      if (row !== undefined) chunk.put(position, row.metrics);
    }
    return chunk;
  }

  get hasMoreMetrics(): boolean {
    return this.isPartial;
  }

  get lastRowId(): number {
    return this.rowIds.at(-1) ?? 0;
  }

  /** Columns that are new, or not as they were given. */
  *changed(): Generator<[name: string, column: Float64Array]> {
    for (const name of this.changedNames) {
      const column = this.columns.get(name);
      if (column !== undefined) yield [name, column];
    }
  }

  /** The row with that id has these metrics now, and no others. A row of another chunk changes nothing. */
  replace({ id, metrics }: MetricRow): void {
    const position = positionOf(this.rowIds, id);
    if (position === null) return;
    for (const [name, column] of this.columns) {
      const isNone = !Object.hasOwn(metrics, name) || metrics[name] === null;
      if (isNone) this.write(name, column, position, Number.NaN);
    }
    this.put(position, metrics);
  }

  /** Those that are not null. */
  private put(position: number, metrics: MetricRow['metrics']): void {
    for (const name of Object.keys(metrics)) {
      const value = metrics[name];
      if (value === null || value === undefined) continue;
      const column = this.columns.get(name) ?? this.added(name);
      if (column !== null) this.write(name, column, position, columnValue(value));
    }
  }

  private write(name: string, column: Float64Array, position: number, value: number): void {
    if (Object.is(column[position], value)) return;
    column[position] = value;
    this.changedNames.add(name);
  }

  /**
   * Null where it gets no column. Once one metric got none, no other gets one either: a column that
   * was begun late could lack values of rows that came before.
   */
  private added(name: string): Float64Array | null {
    if (this.isPartial || this.columns.size >= CHUNK_METRICS || LONE_SURROGATE.test(name)) {
      this.isPartial = true;
      return null;
    }
    const column = new Float64Array(this.rowIds.length).fill(Number.NaN);
    this.columns.set(name, column);
    return column;
  }
}

/** Databases keep UTF-8, which cannot hold it: two such names could become one. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Null when it is not among them. */
function positionOf(rowIds: Float64Array, id: number): number | null {
  let low = 0;
  let high = rowIds.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = rowIds[middle] ?? 0;
    if (found === id) return middle;
    if (found < id) low = middle + 1;
    else high = middle - 1;
  }
  return null;
}
