import { TaskEntity } from '@foreman/jobs';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { HEARTBEAT_TASKS_LIMIT, Heartbeats } from './heartbeats';
import { ProgressModule } from './progress.module';

describe('heartbeats', () => {
  let engine: TestEngine;
  let lease: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(ProgressModule.forRoot());
    lease = await engine.lease((await engine.submit()).id);
  });
  afterEach(() => engine.close());

  const beatAll = (...reports: object[]) => {
    const { taskId, leaseToken, edgeId } = lease;
    const heartbeats = reports.map((report) => ({ taskId, leaseToken, ...report }));
    return engine.get(Heartbeats).beatAll(edgeId, heartbeats);
  };
  const task = async () => {
    const found = await engine.reads.entities(TaskEntity, 'SELECT * FROM tasks WHERE id = ?', [
      lease.taskId,
    ]);
    return found[0];
  };

  it.each([
    ['processed', -1],
    ['processed', 1.5],
    ['total', '12'],
    ['status', 7],
    ['total', 1e300],
    ['counters', { skipped: null }],
    ['counters', { skipped: 'many' }],
    ['counters', ['many']],
    ['started', 'no'],
  ])('keeps the lease and the good fields when %s is %j', async (field, value) => {
    engine.clock.advance(10_000);
    const good = { processed: 3, total: 9, status: 'fine', counters: { tried: 3 } };
    await beatAll(good);
    engine.clock.advance(10_000);
    const [answer] = await beatAll({ processed: 4, total: 9, status: 'on', [field]: value });
    expect(answer).toMatchObject({
      action: 'continue',
      leaseExpiresAt: engine.clock.now() + 60_000,
      ignored: [field],
    });
    const kept = { processed: 4, progressStatus: 'on', total: 9 };
    if (field === 'processed') kept.processed = 3;
    if (field === 'status') kept.progressStatus = 'fine';
    expect(await task()).toMatchObject({ ...kept, progressCounters: { tried: 3 } });
  });

  it('takes null for a field that was left out, and says nothing of it', async () => {
    await beatAll({ processed: 3, counters: { tried: 3 } });
    const silent = { started: null, processed: null, total: null, status: null, counters: null };
    const [answer] = await beatAll(silent);
    expect(answer).not.toHaveProperty('ignored');
    expect(await task()).toMatchObject({ processed: 3, progressCounters: { tried: 3 } });
  });

  it('tells of each what was bad in it, a lost one too', async () => {
    const lost = { leaseToken: 'another', processed: -1 };
    expect(await beatAll({ processed: -1, status: 7 }, {}, lost)).toMatchObject([
      { action: 'continue', ignored: ['processed', 'status'] },
      { action: 'continue' },
      { action: 'lost', ignored: ['processed'] },
    ]);
  });

  it('is refused for more tasks than it may have, and extends nothing then', async () => {
    const before = (await task())?.leaseExpiresAt;
    engine.clock.advance(1000);
    const tooMany = Array.from({ length: HEARTBEAT_TASKS_LIMIT + 1 }, () => ({}));
    await expect(beatAll(...tooMany)).rejects.toMatchObject({ code: 'request.invalid' });
    expect((await task())?.leaseExpiresAt).toBe(before);
  });

  it('an entry without its ids costs no other lease', async () => {
    engine.clock.advance(1000);
    const answers = await beatAll({ taskId: 7 }, { leaseToken: null }, {});
    expect(answers).toMatchObject([
      { taskId: '', action: 'lost', ignored: ['taskId'] },
      { action: 'lost', ignored: ['leaseToken'] },
      { action: 'continue', leaseExpiresAt: engine.clock.now() + 60_000 },
    ]);
  });

  it('cuts a long status, between characters', async () => {
    await beatAll({ status: `${'x'.repeat(199)}😀` });
    expect((await task())?.progressStatus).toBe('x'.repeat(199));
  });

  it('of one task, is taken for what is good in it, and tells of the rest', async () => {
    const { taskId, leaseToken, edgeId } = lease;
    engine.clock.advance(1000);
    const bad = { processed: 1.5, status: 7, counters: 'many' };
    const beat = { taskId, leaseToken, total: 9, ...bad };
    expect(await engine.get(Heartbeats).beat(edgeId, beat)).toMatchObject({
      action: 'continue',
      leaseExpiresAt: engine.clock.now() + 60_000,
      ignored: ['processed', 'status', 'counters'],
    });
    expect(await task()).toMatchObject({ total: 9, processed: 0 });
  });
});
