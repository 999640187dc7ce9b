import { seededRandom } from './seeded-random';

describe('seededRandom', () => {
  it('never changes: the rows of searches depend on it', () => {
    // mulberry32 as published, 32 bits at a time; two of its numbers make one of ours.
    const published = (seed: number) => () => {
      let t = (seed += 0x6d2b79f5);
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const [ours, theirs] = [seededRandom(1234), published(1234)];
    for (let count = 0; count < 100; count++) {
      const [high, low] = [theirs() * 2 ** 32, theirs() * 2 ** 32];
      expect(ours()).toBe((Math.floor(high / 32) * 2 ** 26 + Math.floor(low / 64)) / 2 ** 53);
    }
    expect(seededRandom(1234)()).toMatchInlineSnapshot(`0.07329498010435687`);
  });

  it('tells seeds apart by both halves', () => {
    const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, 1_600_000_000_000, 1_600_000_000_001];
    expect(new Set(seeds.map((seed) => seededRandom(seed)())).size).toBe(seeds.length);
  });
});
