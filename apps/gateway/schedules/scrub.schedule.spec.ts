import type { ArtifactScrub } from '@foreman/artifacts';
import { Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { scrubSchedule } from './scrub.schedule';

/** Only the schedule is real: what it asks of the scrub, and when. */
describe('the schedule of the scrub', () => {
  const NONE = { blobs: 0, bytes: 0, corrupt: 0, unreadable: 0 };
  let calls: string[];
  let begin: jest.Mock;
  let schedule: OnApplicationBootstrap & { tick(): Promise<void> };

  beforeEach(() => {
    calls = [];
    begin = jest.fn(async () => calls.push('begin') > 0);
    const runOnce = async () => {
      calls.push('run');
      return NONE;
    };
    const Schedule = scrubSchedule('17 3 * * *');
    schedule = new Schedule({
      begin,
      runOnce,
    } as unknown as ArtifactScrub) as unknown as typeof schedule;
  });
  afterEach(() => jest.restoreAllMocks());

  it('goes on with an open pass after a start, and begins none', () => {
    schedule.onApplicationBootstrap();
    expect(calls).toEqual(['run']);
  });

  it('begins a pass when its time has come', async () => {
    await schedule.tick();
    expect(calls).toEqual(['begin', 'run']);
  });

  it('logs a pass that could not begin, and tries again the next time', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    begin.mockRejectedValueOnce(new Error('disk full'));
    await schedule.tick();
    expect(logged).toHaveBeenCalledTimes(1);
    await schedule.tick();
    expect(calls).toEqual(['begin', 'run']);
  });
});
