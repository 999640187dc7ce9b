import type { MetricSlice } from '../columns/metric-columns';
import type { OrderedPlace } from './result-cursor';
import type { RowOrder } from './row-order';

/** Rows that are taken out in one turn of the event loop: a millisecond or two of it. */
const TAKEN_A_TURN = 2000;

/**
 * The first so many rows of an order, out of any number that are offered: a heap of the best, the worst
 * of them at its root, in typed arrays. Most rows cost one comparison.
 *
 * Rows are held by keys that ascend: a metric's value, negated where it descends, and infinity, which no
 * metric is, where there is none. So nulls come last in both directions.
 */
export class TopRows {
  private readonly keys: Float64Array;
  private readonly taskIndexes: Float64Array;
  private readonly rowIds: Float64Array;
  private readonly sign: 1 | -1;
  private size = 0;

  /** @param after rows up to this place are left out. */
  constructor(
    limit: number,
    private readonly order: RowOrder | null,
    private readonly after: OrderedPlace | null,
  ) {
    this.keys = new Float64Array(limit);
    this.taskIndexes = new Float64Array(limit);
    this.rowIds = new Float64Array(limit);
    this.sign = order?.direction === 'desc' ? -1 : 1;
  }

  get isFull(): boolean {
    return this.size === this.keys.length;
  }

  /** @param met 1 for the rows that are meant; null: all of them. */
  offer(slice: MetricSlice, met: Uint8Array | null): void {
    const { rowIds, taskIndex, values } = slice;
    const column = this.order === null ? undefined : values.get(this.order.metric);
    const { after } = this;
    const afterKey = after === null ? -Infinity : this.keyOf(after.value ?? Number.NaN);
    for (let row = 0; row < rowIds.length; row += 1) {
      if (met !== null && met[row] === 0) continue;
      const key = this.keyOf(column === undefined ? Number.NaN : (column[row] ?? Number.NaN));
      const rowId = rowIds[row] ?? 0;
      if (after !== null && key <= afterKey) {
        const isPast = isBefore(afterKey, after.taskIndex, after.rowId, key, taskIndex, rowId);
        if (!isPast) continue;
      }
      this.offerRow(key, taskIndex, rowId);
    }
  }

  /** Best first. Takes the rows out: it is empty afterwards. Others have their turn in between. */
  async take(): Promise<OrderedPlace[]> {
    const places: OrderedPlace[] = [];
    while (this.size > 0) {
      if (this.size % TAKEN_A_TURN === 0) await new Promise(setImmediate);
      const key = this.keys[0] ?? Infinity;
      places.push({
        value: key === Infinity ? null : key * this.sign,
        taskIndex: this.taskIndexes[0] ?? 0,
        rowId: this.rowIds[0] ?? 0,
      });
      this.size -= 1;
      this.move(this.size, 0);
      this.sink(0);
    }
    return places.reverse();
  }

  private keyOf(value: number): number {
    return Number.isNaN(value) ? Infinity : value * this.sign;
  }

  private offerRow(key: number, taskIndex: number, rowId: number): void {
    if (!this.isFull) {
      this.put(this.size, key, taskIndex, rowId);
      this.size += 1;
      this.rise(this.size - 1);
    } else if (this.size > 0 && this.isRootBehind(key, taskIndex, rowId)) {
      this.put(0, key, taskIndex, rowId);
      this.sink(0);
    }
  }

  private isRootBehind(key: number, taskIndex: number, rowId: number): boolean {
    const { keys, taskIndexes, rowIds } = this;
    return isBefore(key, taskIndex, rowId, keys[0] ?? 0, taskIndexes[0] ?? 0, rowIds[0] ?? 0);
  }

  private rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >>> 1;
      if (!this.isBefore(parent, at)) return;
      this.swap(parent, at);
      at = parent;
    }
  }

  private sink(from: number): void {
    for (let at = from; ;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let worst = at;
      if (left < this.size && this.isBefore(worst, left)) worst = left;
      if (right < this.size && this.isBefore(worst, right)) worst = right;
      if (worst === at) return;
      this.swap(worst, at);
      at = worst;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const { keys, taskIndexes, rowIds } = this;
    return isBefore(
      keys[a] ?? 0,
      taskIndexes[a] ?? 0,
      rowIds[a] ?? 0,
      keys[b] ?? 0,
      taskIndexes[b] ?? 0,
      rowIds[b] ?? 0,
    );
  }

  private swap(a: number, b: number): void {
    const { keys, taskIndexes, rowIds } = this;
    const [key = 0, taskIndex = 0, rowId = 0] = [keys[a], taskIndexes[a], rowIds[a]];
    this.move(b, a);
    this.put(b, key, taskIndex, rowId);
  }

  private move(from: number, to: number): void {
    const { keys, taskIndexes, rowIds } = this;
    this.put(to, keys[from] ?? 0, taskIndexes[from] ?? 0, rowIds[from] ?? 0);
  }

  private put(at: number, key: number, taskIndex: number, rowId: number): void {
    this.keys[at] = key;
    this.taskIndexes[at] = taskIndex;
    this.rowIds[at] = rowId;
  }
}

function isBefore(
  keyA: number,
  taskA: number,
  rowA: number,
  keyB: number,
  taskB: number,
  rowB: number,
): boolean {
  if (keyA !== keyB) return keyA < keyB;
  return taskA === taskB ? rowA < rowB : taskA < taskB;
}
