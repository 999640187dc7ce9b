/** Ranges up to this are sorted: faster than to go on, and half a millisecond. */
const SORTED_AT_ONCE = 8192;
/** Others have their turn after about so many numbers: three milliseconds. */
const NUMBERS_A_TURN = 500_000;

/**
 * Moves numbers so that at each of these places stands what would stand there if all were sorted
 * (quickselect for several places at once: Hoare 1961, with the three-way partition of Dijkstra). Does
 * not hold up the event loop. Pivots that go wrong again and again end in a sort, so that no order of
 * numbers takes long.
 * @param values no NaN. @param ranks ascending, each a place in `values`.
 */
export async function selectRanks(values: Float64Array, ranks: readonly number[]): Promise<void> {
  const turn = { left: 0 };
  const deepest = 2 * Math.ceil(Math.log2(values.length + 1));
  const open = [{ from: 0, to: values.length, ranks, depth: 0 }];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const { from, to, depth } = range;
    if (range.ranks.length === 0) continue;
    if (turn.left <= 0) {
      turn.left = NUMBERS_A_TURN;
      await new Promise(setImmediate);
    }
    turn.left -= to - from;
    if (to - from <= SORTED_AT_ONCE || depth > deepest) {
      values.subarray(from, to).sort();
      continue;
    }
    const [equalFrom, equalTo] = partition(values, from, to);
    open.push(
      {
        from,
        to: equalFrom,
        ranks: range.ranks.filter((rank) => rank < equalFrom),
        depth: depth + 1,
      },
      { from: equalTo, to, ranks: range.ranks.filter((rank) => rank >= equalTo), depth: depth + 1 },
    );
  }
}

/** Smaller ones, equals of a pivot, larger ones. @returns from where to where the equals stand. */
function partition(values: Float64Array, from: number, to: number): [number, number] {
  const pivot = pivotOf(values, from, to);
  let smaller = from;
  let larger = to;
  for (let at = from; at < larger;) {
    const value = values[at] ?? 0;
    if (value < pivot) {
      values[at] = values[smaller] ?? 0;
      values[smaller] = value;
      smaller += 1;
      at += 1;
    } else if (value > pivot) {
      larger -= 1;
      values[at] = values[larger] ?? 0;
      values[larger] = value;
    } else {
      at += 1;
    }
  }
  return [smaller, larger];
}

/** Samples that a pivot is the median of: close to that of all, whether they came sorted or not. */
const SAMPLES = 63;

function pivotOf(values: Float64Array, from: number, to: number): number {
  const step = (to - from) / SAMPLES;
  const samples = Float64Array.from(
    { length: SAMPLES },
    (_, index) => values[from + Math.floor((index + 0.5) * step)] ?? 0,
  );
  return samples.sort()[SAMPLES >>> 1] ?? 0;
}
