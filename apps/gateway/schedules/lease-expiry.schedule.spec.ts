import { Logger } from '@nestjs/common';
import { TaskDeadlines } from '@foreman/jobs';
import type { LeaseSweep } from '@foreman/leasing';
import { FakeClock, eventually } from '@foreman/testing';
import { LeaseExpirySchedule } from './lease-expiry.schedule';

const NONE = { expired: 0, timedOut: 0, notStarted: 0, stalled: 0, failedStalled: 0 };

/** Only the schedule is real: when it looks, and for what it looks again. */
describe('LeaseExpirySchedule', () => {
  let clock: FakeClock;
  let deadlines: TaskDeadlines;
  let schedule: LeaseExpirySchedule;
  let sweep: { runOnce: jest.Mock; nextDueAt: jest.Mock; hasClockStepped: boolean };

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    clock = new FakeClock();
    deadlines = new TaskDeadlines();
    sweep = {
      runOnce: jest.fn().mockResolvedValue(NONE),
      nextDueAt: jest.fn().mockResolvedValue(null),
      hasClockStepped: false,
    };
    schedule = new LeaseExpirySchedule(sweep as unknown as LeaseSweep, clock, deadlines);
    await schedule.onApplicationBootstrap();
  });
  afterEach(() => schedule.beforeApplicationShutdown());

  const runs = () => sweep.runOnce.mock.calls.length;
  /** Lets the clock's callbacks come to their end. */
  const settle = () => eventually('the next timer is set', () => clock.pendingTimers === 1);

  it('looks once at the start, and not again while nothing has a deadline', async () => {
    expect(runs()).toBe(1);
    for (let minute = 0; minute < 60; minute += 1) {
      clock.advance(60_000);
      await settle();
    }
    expect(runs()).toBe(1);
  });

  it('looks when the next deadline has come, not before', async () => {
    deadlines.note(clock.now() + 3000);
    clock.advance(2999);
    await settle();
    expect(runs()).toBe(1);
    clock.advance(1);
    await settle();
    expect(runs()).toBe(2);
  });

  it('goes on with what the sweep says is next, and with the sooner of two', async () => {
    sweep.nextDueAt.mockResolvedValueOnce(clock.now() + 20_000);
    deadlines.note(clock.now() + 1000);
    clock.advance(1000);
    await settle();
    expect(runs()).toBe(2);
    deadlines.note(clock.now() + 60_000);
    clock.advance(18_999);
    await settle();
    expect(runs()).toBe(2);
    clock.advance(1);
    await settle();
    expect(runs()).toBe(3);
  });

  it('does not lose a deadline that comes up during a run', async () => {
    sweep.nextDueAt.mockImplementationOnce(async () => {
      deadlines.note(clock.now() + 1000);
      return null;
    });
    deadlines.note(clock.now());
    clock.advance(250);
    await settle();
    expect(runs()).toBe(2);
    clock.advance(1000);
    await settle();
    expect(runs()).toBe(3);
  });

  it('gathers deadlines that are close to one another in one run', async () => {
    for (let ms = 0; ms < 200; ms += 1) deadlines.note(clock.now() + 200 - ms);
    clock.advance(250);
    await settle();
    expect(runs()).toBe(2);
  });

  it('tries again a second after a run that failed', async () => {
    sweep.runOnce.mockRejectedValueOnce(new Error('disk full'));
    deadlines.note(clock.now());
    clock.advance(250);
    await settle();
    expect(runs()).toBe(2);
    clock.advance(1000);
    await settle();
    expect(runs()).toBe(3);
  });

  it('looks within five seconds after the wall clock was set', async () => {
    sweep.hasClockStepped = true;
    clock.advance(5000);
    await settle();
    expect(runs()).toBe(2);
  });

  it('leaves no timer behind when it stops', async () => {
    await schedule.beforeApplicationShutdown();
    deadlines.note(clock.now());
    expect(clock.pendingTimers).toBe(0);
  });
});
