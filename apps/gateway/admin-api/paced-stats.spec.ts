import { FakeClock } from '@foreman/testing';
import type { StatsReader } from './stats.reader';
import { PacedStats } from './paced-stats';

/** Only how often is real: what a count costs is told by the test. */
describe('PacedStats', () => {
  const COST_MS = 50;
  let clock: FakeClock;
  let counts: number;
  let stats: PacedStats;

  beforeEach(() => {
    clock = new FakeClock();
    counts = 0;
    const read = async () => {
      counts += 1;
      clock.advance(COST_MS);
      return {};
    };
    stats = new PacedStats({ read } as unknown as StatsReader, clock);
  });

  it('counts anew only after twenty times what the last count took', async () => {
    await stats.read();
    clock.advance(COST_MS * 20 - 1);
    await stats.read();
    expect(counts).toBe(1);
    clock.advance(1);
    await stats.read();
    expect(counts).toBe(2);
  });

  it('takes a bounded share of the time, however often it is asked', async () => {
    for (let call = 0; call < 10_000; call += 1) {
      await stats.read();
      clock.advance(1);
    }
    expect(counts * COST_MS).toBeLessThan(clock.monotonicMs() / 15);
  });

  it('counts once for all who ask at the same time', async () => {
    await Promise.all([stats.read(), stats.read(), stats.read()]);
    expect(counts).toBe(1);
  });
});
