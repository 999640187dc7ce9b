import { Logger } from '@nestjs/common';
import { SoloRuns } from './solo-runs';

/** Work whose end the test decides. */
class HeldWork {
  starts = 0;
  end: (counts: object) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  run(): Promise<object> {
    this.starts += 1;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  }
}

describe('SoloRuns', () => {
  let work: HeldWork;
  let runs: SoloRuns;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    work = new HeldWork();
    runs = new SoloRuns('Test', () => work.run());
  });

  it('leaves out a tick during a run', async () => {
    const first = runs.tick();
    await runs.tick();
    expect(work.starts).toBe(1);
    work.end({});
    await first;
    const second = runs.tick();
    work.end({});
    await second;
    expect(work.starts).toBe(2);
  });

  it('goes on after a failure', async () => {
    const first = runs.tick();
    work.fail(new Error('no luck'));
    await expect(first).resolves.toBeUndefined();
    void runs.tick();
    expect(work.starts).toBe(2);
  });

  it('stops when the present run is over, and starts no other', async () => {
    const first = runs.tick();
    let hasStopped = false;
    const stopped = runs.stop().then(() => (hasStopped = true));
    await Promise.resolve();
    expect(hasStopped).toBe(false);
    work.end({});
    await Promise.all([first, stopped]);
    await runs.tick();
    expect(work.starts).toBe(1);
  });

  it('stops soon even when the present run goes on for long', async () => {
    const first = runs.tick();
    await runs.stop();
    work.fail(new Error('the database was closed'));
    await expect(first).resolves.toBeUndefined();
  });
});
