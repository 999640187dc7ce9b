/** Uniform numbers in [0, 1) with 53 random bits. */
type SeededRandom = () => number;

/**
 * The same numbers for the same seed, on every machine, for ever: a job's rows depend on them.
 * mulberry32 by Tommy Ettinger (public domain), two steps a number. Not for secrets.
 * `seed` is any safe integer; both of its halves count, so that a time in ms is a good seed.
 */
export function seededRandom(seed: number): SeededRandom {
  const high = Math.floor(seed / 2 ** 32);
  let state = ((seed | 0) + Math.imul(high, 0x9e3779b1)) >>> 0;
  const next32 = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return () => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) / 2 ** 53;
}
