import { FakeClock } from '@foreman/testing';
import { SteadyClock } from './steady-clock';

describe('SteadyClock', () => {
  it('goes on with the monotonic clock when the wall clock is set', () => {
    const wall = new FakeClock();
    const clock = new SteadyClock(wall);
    const start = clock.now();
    wall.jumpWall(-3_600_000);
    wall.advance(1000);
    expect(clock.now()).toBe(start + 1000);
    expect(clock.driftMs()).toBe(-3_600_000);
  });

  it('moves only when it is told to follow', () => {
    const wall = new FakeClock();
    const clock = new SteadyClock(wall);
    wall.jumpWall(86_400_000);
    clock.follow(clock.driftMs());
    expect(clock.now()).toBe(wall.now());
    expect(clock.driftMs()).toBe(0);
  });

  it('tells whole milliseconds, and fires timers by the monotonic clock', () => {
    const wall = new FakeClock();
    const clock = new SteadyClock(wall);
    let hasFired = false;
    clock.setTimer(500, () => (hasFired = true));
    wall.jumpWall(10_000);
    expect(hasFired).toBe(false);
    wall.advance(500.25);
    expect(hasFired).toBe(true);
    expect(Number.isInteger(clock.now())).toBe(true);
    expect(clock.monotonicMs()).toBe(wall.monotonicMs());
  });
});
