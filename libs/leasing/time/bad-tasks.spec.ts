import { Logger } from '@nestjs/common';
import type { JobCommand } from '@foreman/jobs';
import { LeasingLab } from '../spec/leasing-lab';
import { LeaseSweep } from './lease-sweep';

const BAD = 77;
const HOUR_MS = 3_600_000;

/** More than a batch of tasks that cannot be ended come first, and one that can. */
describe('a task that cannot be ended by time', () => {
  let lab: LeasingLab;
  let told: { ids?: string[] }[];

  beforeEach(async () => {
    told = [];
    lab = await LeasingLab.open({ sweepBatch: 3 });
    const note = (line: { ids?: string[] }) => void told.push(line);
    const silent = () => undefined;
    Logger.overrideLogger({ log: silent, warn: silent, error: note });
  });
  afterEach(() => lab.close());

  /** From here on nothing is written to the bad ones: as with a broken page of the file. */
  const breakThem = () =>
    lab.engine.database.driver.exec(
      `CREATE TRIGGER broken BEFORE UPDATE ON tasks WHEN OLD.priority = ${BAD}
       BEGIN SELECT RAISE(ABORT, 'a broken task'); END`,
    );
  const mendThem = () => lab.engine.database.driver.exec('DROP TRIGGER broken');

  async function submit(command: Partial<JobCommand>): Promise<void> {
    const edge = lab.edge();
    for (let n = 0; n < 5; n += 1) {
      await lab.submit({ ...command, priority: n < 4 ? BAD : 0 });
      if (command.startBySeconds === undefined) await lab.leaseOne(edge);
      lab.clock.advance(1);
    }
    breakThem();
  }

  it.each<[string, keyof Awaited<ReturnType<LeasingLab['sweep']>>, Partial<JobCommand>]>([
    ['expires', 'expired', { leaseSeconds: 60 }],
    ['times out', 'timedOut', { leaseSeconds: 3600, timeoutSeconds: 60 }],
    ['was not started', 'notStarted', { startBySeconds: 60 }],
    ['stalls', 'stalled', { leaseSeconds: 3600, stallSeconds: 60 }],
    [
      'fails by its stall',
      'failedStalled',
      { leaseSeconds: 3600, stallSeconds: 60, onStall: 'fail' },
    ],
  ])('%s: stops no other, and is tried again', async (_how, count, command) => {
    await submit(command);
    lab.clock.advance(60_000);
    expect((await lab.sweep())[count]).toBe(1);
    expect((await lab.sweep())[count]).toBe(0);
    mendThem();
    expect((await lab.sweep())[count]).toBe(4);
  });

  it('is told of by its id once an hour, not at every run', async () => {
    await submit({ leaseSeconds: 60 });
    lab.clock.advance(60_000);
    await lab.sweep();
    expect(told.flatMap(({ ids }) => ids ?? [])).toHaveLength(4);
    for (let run = 0; run < 10; run += 1) await lab.sweep();
    expect(told.flatMap(({ ids }) => ids ?? [])).toHaveLength(4);
    lab.clock.advance(HOUR_MS);
    await lab.sweep();
    expect(told.flatMap(({ ids }) => ids ?? [])).toHaveLength(8);
  });

  it('does not keep the sweep running, and what comes after it is swept in time', async () => {
    await submit({ leaseSeconds: 60 });
    lab.clock.advance(60_000);
    await lab.sweep();
    const sweep = lab.engine.get(LeaseSweep);
    expect(await sweep.nextDueAt()).toBe(lab.clock.now() + 10_000);
    await lab.submit({ leaseSeconds: 5 });
    await lab.lease(lab.edge(), { max: 2 });
    expect(await sweep.nextDueAt()).toBe(lab.clock.now() + 5000);
    mendThem();
    await lab.sweep();
    lab.clock.advance(4999);
    await lab.sweep();
    expect(await sweep.nextDueAt()).toBe(lab.clock.now() + 1);
  });

  it('a step of the clock that cannot be followed stops no expiry either', async () => {
    await submit({ leaseSeconds: 60 });
    lab.clock.advance(60_000);
    lab.clock.jumpWall(-HOUR_MS);
    await expect(lab.sweep()).rejects.toMatchObject({ message: 'a broken task' });
    const expired = await lab.engine.reads.query(
      `SELECT task_id FROM attempts WHERE outcome = 'expired'`,
    );
    expect(expired).toHaveLength(1);
  });
});
