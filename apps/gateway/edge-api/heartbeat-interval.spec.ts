import type { RandomSource } from '@foreman/kernel';
import { FakeClock, FixedRandom } from '@foreman/testing';
import { EventLoopLoad, GatewayLoad, type LoopTurns } from './gateway-load';
import { HeartbeatInterval } from './heartbeat-interval';

class FixedLoad extends GatewayLoad {
  constructor(private readonly value: number) {
    super();
  }

  level(): number {
    return this.value;
  }
}

const LOWEST = new FixedRandom(0);
const MIDDLE = new FixedRandom(0.5);
const HIGHEST = new FixedRandom(1 - Number.EPSILON);

const seconds = (leaseSeconds: number, load = 0, random: RandomSource = MIDDLE) =>
  new HeartbeatInterval(new FixedLoad(load), random).secondsFor(leaseSeconds);

describe('the interval of heartbeats', () => {
  it.each([
    [5, 1],
    [60, 20],
    [90, 30],
    [3600, 1200],
  ])('is a third of a lease of %d s', (leaseSeconds, expected) => {
    expect(seconds(leaseSeconds)).toBe(expected);
  });

  it('spreads by a tenth to both sides', () => {
    expect([seconds(3600, 0, LOWEST), seconds(3600, 0, HIGHEST)]).toEqual([1080, 1320]);
  });

  it('grows with the load to half of the lease, and spreads there too', () => {
    const grows = [0, 0.25, 0.5, 0.75, 1].map((load) => seconds(3600, load));
    expect(grows).toEqual(grows.toSorted((a, b) => a - b));
    expect(new Set(grows).size).toBe(5);
    expect(seconds(3600, 1, HIGHEST)).toBe(1800);
    expect(seconds(3600, 1, LOWEST)).toBeLessThan(1500);
  });

  it('fits twice into every lease, whatever the load and the draw: one heartbeat may be lost', () => {
    const bad: object[] = [];
    for (let leaseSeconds = 5; leaseSeconds <= 3600; leaseSeconds += 1) {
      for (const load of [0, 0.5, 1]) {
        for (const random of [LOWEST, MIDDLE, HIGHEST]) {
          const interval = seconds(leaseSeconds, load, random);
          const isGood =
            Number.isInteger(interval) && interval >= 1 && 2 * interval <= leaseSeconds;
          if (!isGood) bad.push({ leaseSeconds, load, interval });
        }
      }
    }
    expect(bad).toEqual([]);
  });

  it('is never nothing', () => {
    expect(seconds(1)).toBe(1);
  });
});

describe('the load of the event loop', () => {
  class Turns implements LoopTurns {
    mean = Number.NaN;
    resets = 0;
    isEnabled = false;

    enable() {
      this.isEnabled = true;
    }

    disable() {
      this.isEnabled = false;
    }

    reset() {
      this.resets += 1;
    }
  }

  const clock = new FakeClock();
  const turns = new Turns();
  const load = new EventLoopLoad(clock, turns);

  const levelAfter = (waitSeconds: number, meanMs: number) => {
    turns.mean = meanMs * 1e6;
    clock.advance(waitSeconds * 1000);
    return load.level();
  };

  it.each([
    [Number.NaN, 0],
    [10, 0],
    [20, 0],
    [110, 0.5],
    [200, 1],
    [5000, 1],
  ])('of a mean of %d ms is %d', (meanMs, expected) => {
    expect(levelAfter(3, meanMs)).toBe(expected);
  });

  it('is that of the last seconds: each window begins anew', () => {
    levelAfter(3, 200);
    const { resets } = turns;
    expect(levelAfter(2, 10)).toBe(1);
    expect(turns.resets).toBe(resets);
    expect(levelAfter(1, 10)).toBe(0);
    expect(turns.resets).toBe(resets + 1);
  });

  it('is measured while the gateway runs only', () => {
    load.onModuleInit();
    expect(turns.isEnabled).toBe(true);
    load.onModuleDestroy();
    expect(turns.isEnabled).toBe(false);
  });

  it('is measured by Node in the unit that is expected', async () => {
    const real = new EventLoopLoad(clock);
    real.onModuleInit();
    const end = performance.now() + 400;
    // Turns of 100 ms, as if each had a large body to parse.
    while (performance.now() < end) {
      const turnEnd = performance.now() + 100;
      while (performance.now() < turnEnd);
      await new Promise((resolve) => setImmediate(resolve));
    }
    clock.advance(3000);
    expect(real.level()).toBeGreaterThan(0.2);
    real.onModuleDestroy();
  });
});
