import type { TemporaryDatabase } from '@foreman/testing';
import { idsInFile, insert, openScratch, outcomes } from '../spec/scratch';
import type { Lane } from '../unit-of-work';
import { WriteLanes, type Caller } from './write-lanes';

const LIMITS = {
  maxGroupSize: 3,
  maxRowsGroupSize: 3,
  maxControlWaiting: 100,
  maxBulkWaiting: 100,
};

describe('two lanes', () => {
  const names = new Map<Caller, string>();
  const caller = (name: string, lane: Lane): Caller => {
    const made: Caller = {
      sharesCommit: lane === 'rows',
      work: () => Promise.resolve(),
      resolve: () => undefined,
      reject: () => undefined,
      inItsContext: (fn) => fn(),
    };
    names.set(made, name);
    return made;
  };
  const push = (lanes: WriteLanes, lane: Lane, ...callers: string[]) => {
    for (const name of callers) lanes.push(caller(name, lane), lane);
  };
  const next = (lanes: WriteLanes) =>
    lanes
      .takeGroup()
      .map((one) => names.get(one))
      .join('+');
  const rest = (lanes: WriteLanes) => {
    const groups: string[] = [];
    while (!lanes.isEmpty) groups.push(next(lanes));
    return groups;
  };

  it('go in turns: a control group, then one bulk', () => {
    const lanes = new WriteLanes(LIMITS);
    push(lanes, 'bulk', 'B1', 'B2', 'B3');
    push(lanes, 'control', 'c1', 'c2', 'c3', 'c4', 'c5');
    expect(rest(lanes)).toEqual(['c1+c2+c3', 'B1', 'c4+c5', 'B2', 'B3']);
  });

  it('never starve bulk, however much control keeps coming', () => {
    const lanes = new WriteLanes(LIMITS);
    push(lanes, 'bulk', 'B1', 'B2');
    const taken: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      push(lanes, 'control', 'c', 'c', 'c', 'c');
      taken.push(next(lanes));
    }
    expect(taken).toEqual(['c+c+c', 'B1', 'c+c+c', 'B2']);
  });

  it('let control wait for one bulk at the most, whenever it comes', () => {
    const lanes = new WriteLanes(LIMITS);
    push(lanes, 'bulk', 'B1', 'B2', 'B3', 'B4');
    expect(next(lanes)).toBe('B1');
    push(lanes, 'control', 'c1');
    expect(next(lanes)).toBe('c1');
    expect(next(lanes)).toBe('B2');
    push(lanes, 'control', 'c2');
    expect(rest(lanes)).toEqual(['c2', 'B3', 'B4']);
  });

  it('give bulk no right of way for a turn in which none was waiting', () => {
    const lanes = new WriteLanes(LIMITS);
    push(lanes, 'control', 'c1');
    expect(next(lanes)).toBe('c1');
    push(lanes, 'bulk', 'B1');
    push(lanes, 'control', 'c2');
    expect(rest(lanes)).toEqual(['c2', 'B1']);
  });

  const joiners = (lanes: WriteLanes) => {
    const joined: (string | undefined)[] = [];
    for (let one = lanes.takeJoiner(); one !== undefined; one = lanes.takeJoiner()) {
      joined.push(names.get(one));
    }
    return joined;
  };

  it('let short bulk callers share a group, up to its size', () => {
    const lanes = new WriteLanes(LIMITS);
    push(lanes, 'rows', 'r1', 'r2', 'r3', 'r4');
    expect(next(lanes)).toBe('r1');
    expect(joiners(lanes)).toEqual(['r2', 'r3']);
    expect(next(lanes)).toBe('r4');
    expect(joiners(lanes)).toEqual([]);
  });

  it('let short ones share among themselves alone, in the order in which all came', () => {
    const lanes = new WriteLanes(LIMITS);
    push(lanes, 'rows', 'r1', 'r2');
    push(lanes, 'bulk', 'B1');
    push(lanes, 'rows', 'r3');
    expect([next(lanes), ...joiners(lanes)]).toEqual(['r1', 'r2']);
    expect([next(lanes), ...joiners(lanes)]).toEqual(['B1']);
    expect([next(lanes), ...joiners(lanes)]).toEqual(['r3']);
  });

  it('let nobody join while a control caller waits, and never a control group', () => {
    const lanes = new WriteLanes(LIMITS);
    push(lanes, 'rows', 'r1', 'r2', 'r3');
    expect(next(lanes)).toBe('r1');
    push(lanes, 'control', 'c1');
    expect(joiners(lanes)).toEqual([]);
    expect(next(lanes)).toBe('c1');
    expect(joiners(lanes)).toEqual([]);
    expect([next(lanes), ...joiners(lanes)]).toEqual(['r2', 'r3']);
  });

  it('are bounded, each by itself', () => {
    const lanes = new WriteLanes({ ...LIMITS, maxControlWaiting: 2, maxBulkWaiting: 1 });
    const busy = expect.objectContaining({
      code: 'server.busy',
      details: { retryAfterSeconds: 1 },
    });
    push(lanes, 'control', 'c1', 'c2');
    push(lanes, 'bulk', 'B1');
    expect(() => push(lanes, 'control', 'c3')).toThrow(busy);
    expect(() => push(lanes, 'bulk', 'B2')).toThrow(busy);
    expect(rest(lanes)).toEqual(['c1+c2', 'B1']);
  });
});

describe('the unit of work in two lanes', () => {
  let temporary: TemporaryDatabase;
  afterEach(() => temporary.remove());

  it('runs small writes that come later before the bulk that waits', async () => {
    temporary = await openScratch();
    const work = temporary.database.unitOfWork;
    const order: string[] = [];
    const run = (name: string, lane: Lane) =>
      work.run(async (tx) => {
        order.push(name);
        return insert(tx, name);
      }, lane);
    const bulk = Array.from({ length: 64 }, (_, n) => run(`bulk-${n}`, 'bulk'));
    await bulk[0];
    const bulkBefore = order.length;
    // Most uploads wait. Each small write is sent when the one before is answered.
    for (const name of ['control-1', 'control-2', 'control-3']) await run(name, 'control');
    const bulkBetween = order.indexOf('control-3') - 2 - bulkBefore;
    await Promise.all(bulk);
    // One bulk may be under way when a small write arrives, and one goes before it in turn.
    expect(bulkBetween).toBeLessThanOrEqual(1 + 3 * 2);
    expect(order).toHaveLength(67);
  });

  const countCommits = ({ driver }: TemporaryDatabase['database']) => {
    const exec = driver.exec.bind(driver);
    const counted = { commits: 0 };
    driver.exec = (sql) => {
      if (sql === 'COMMIT') counted.commits += 1;
      return exec(sql);
    };
    return counted;
  };

  it('commits short bulk writes together while nobody waits in the control lane', async () => {
    temporary = await openScratch({ maxRowsGroupSize: 4 });
    const counted = countCommits(temporary.database);
    const { unitOfWork } = temporary.database;
    await Promise.all(
      Array.from({ length: 10 }, (_, n) => unitOfWork.run((tx) => insert(tx, `${n}`), 'rows')),
    );
    expect(counted.commits).toBe(3);
    expect(idsInFile(temporary.file)).toHaveLength(10);
  });

  it('ends their group for a small write that comes while it is open', async () => {
    temporary = await openScratch({ maxRowsGroupSize: 64 });
    const work = temporary.database.unitOfWork;
    const order: string[] = [];
    const run = (name: string, lane: Lane) =>
      work.run(async (tx) => {
        order.push(name);
        return insert(tx, name);
      }, lane);
    let control: Promise<string> | undefined;
    const rows = Array.from({ length: 8 }, (_, n) =>
      work.run(async (tx) => {
        order.push(`rows-${n}`);
        if (n === 2) setImmediate(() => (control = run('control', 'control')));
        return insert(tx, `rows-${n}`);
      }, 'rows'),
    );
    await Promise.all(rows);
    await control;
    // It came in the third one's turn of the event loop, or in the next.
    expect(order.indexOf('control')).toBeLessThanOrEqual(4);
    expect(order).toHaveLength(9);
  });

  it('undoes one of the writes that share a commit, and only that', async () => {
    temporary = await openScratch({ maxRowsGroupSize: 4 });
    const counted = countCommits(temporary.database);
    const work = temporary.database.unitOfWork;
    const done = await outcomes([
      work.run((tx) => insert(tx, 'r1'), 'rows'),
      work.run(async (tx) => {
        await insert(tx, 'r2');
        throw new RangeError('no');
      }, 'rows'),
      work.run((tx) => insert(tx, 'r3'), 'rows'),
    ]);
    expect(done).toEqual(['r1', 'RangeError', 'r3']);
    expect(counted.commits).toBe(1);
    expect(idsInFile(temporary.file)).toEqual(['r1', 'r3']);
  });

  it('refuses what exceeds the queue with server.busy, keeps what is in it, and recovers', async () => {
    temporary = await openScratch({ maxControlWaiting: 2, maxBulkWaiting: 1 });
    const work = temporary.database.unitOfWork;
    const done = await outcomes([
      work.run((tx) => insert(tx, 'c1')),
      work.run((tx) => insert(tx, 'c2')),
      work.run((tx) => insert(tx, 'c3')),
      work.run((tx) => insert(tx, 'b1'), 'bulk'),
      work.run((tx) => insert(tx, 'b2'), 'bulk'),
    ]);
    expect(done).toEqual(['c1', 'c2', 'server.busy', 'b1', 'server.busy']);
    await work.run((tx) => insert(tx, 'later'));
    expect(idsInFile(temporary.file)).toEqual(['b1', 'c1', 'c2', 'later']);
  });

  it('splits a long queue into groups of the allowed size', async () => {
    temporary = await openScratch({ maxGroupSize: 10 });
    const counted = countCommits(temporary.database);
    const { unitOfWork } = temporary.database;
    await Promise.all(
      Array.from({ length: 35 }, (_, n) => unitOfWork.run((tx) => insert(tx, `${n}`))),
    );
    expect(counted.commits).toBe(4);
    expect(idsInFile(temporary.file)).toHaveLength(35);
  });
});
