import { openTestEngine, type TestEngine } from '@foreman/testing';
import type { JobCommand } from './job-command';
import { Payloads } from './payloads';
import { TaskEntity } from './task.entity';

const CHAT = { model: 'llama3.2', messages: [{ role: 'user', content: 'hello' }] };
const SEARCH = {
  symbol: 'SPX',
  interval: '1d',
  searchStrategy: 'grid',
  strategy: 'sma-crossover',
  parameters: { fast: { min: 5, max: 20, step: 5 }, slow: [50, 100] },
  metrics: ['sharpe'],
  trials: { max: 10 },
  prices: [{ time: '2020-01-01', close: 1 }],
};

describe('submission', () => {
  let engine: TestEngine;
  beforeEach(async () => {
    engine = await openTestEngine();
  });
  afterEach(() => engine.close());

  it.each<[string, Partial<JobCommand>]>([
    ['kind', { kind: 'no spaces please' }],
    ['kind', { kind: '' }],
    ['queue', { queue: '../up' }],
    ['priority', { priority: 101 }],
    ['priority', { priority: 0.5 }],
    ['maxAttempts', { maxAttempts: 0 }],
    ['leaseSeconds', { leaseSeconds: 4 }],
    ['leaseSeconds', { leaseSeconds: 3601 }],
    ['timeoutSeconds', { timeoutSeconds: 0 }],
    ['stallSeconds', { stallSeconds: 0 }],
    ['stallSeconds', { stallSeconds: 1.5 }],
    ['stallSeconds', { stallSeconds: 31_536_001 }],
    ['onStall', { onStall: 'panic' as 'mark' }],
    ['ttlSeconds', { ttlSeconds: -1 }],
    ['startBySeconds', { startBySeconds: 0 }],
    ['metadata', { metadata: { big: 'x'.repeat(4096) } }],
    ['tasks', { tasks: [] }],
    ['tasks', { tasks: Array.from({ length: 1001 }, () => ({})) }],
    ['requires', { requires: { 'a=b': 'c' } }],
    ['tasks.0.requires', { tasks: [{ requires: { a: 1 as unknown as string } }] }],
    ['payload.model', { kind: 'chat', payload: { ...CHAT, model: '' } }],
    ['payload.messages', { kind: 'chat', payload: { ...CHAT, messages: [] } }],
    ['payload.messages.0', { kind: 'chat', payload: { ...CHAT, messages: [{ role: 'x' }] } }],
    ['payload.symbol', { kind: 'strategy-search', payload: { ...SEARCH, symbol: undefined } }],
    [
      'payload.searchStrategy',
      { kind: 'strategy-search', payload: { ...SEARCH, searchStrategy: 'luck' } },
    ],
    [
      'payload.parameters.fast',
      {
        kind: 'strategy-search',
        payload: { ...SEARCH, parameters: { fast: { min: 9, max: 5, step: 1 } } },
      },
    ],
    ['payload.trials', { kind: 'strategy-search', payload: { ...SEARCH, trials: { max: 0 } } }],
    [
      'payload.prices.1',
      {
        kind: 'strategy-search',
        payload: { ...SEARCH, prices: [...SEARCH.prices, { time: 'x' }] },
      },
    ],
    [
      'tasks.1.payload.model',
      { kind: 'chat', payload: CHAT, tasks: [{}, { payload: { model: 7 } }] },
    ],
  ])('refuses a bad %s and changes nothing', async (path, command) => {
    await expect(engine.submit(command)).rejects.toMatchObject({
      code: 'request.invalid',
      details: { errors: [expect.objectContaining({ path })] },
    });
    for (const table of ['jobs', 'tasks', 'events', 'queues']) {
      expect(await engine.reads.query(`SELECT * FROM ${table}`)).toEqual([]);
    }
  });

  it.each<[string, Partial<JobCommand>]>([
    ['chat', { kind: 'chat', payload: CHAT }],
    ['strategy-search', { kind: 'strategy-search', payload: SEARCH }],
    [
      'strategy-search with more',
      { kind: 'strategy-search', payload: { ...SEARCH, trialSettings: { feeRate: 0.001 } } },
    ],
    ['free', { kind: 'anything.at-all', payload: { deep: [{ er: null }] } }],
  ])('takes a %s job', async (_what, command) => {
    const job = await engine.submit(command);
    expect(job).toMatchObject({ status: 'queued', run: 1, eventSeq: 1, taskCount: 1 });
  });

  it('keeps payloads exactly, and lays the task over the job', async () => {
    const payload = { text: 'ü\u0000\ud83d\ude00', number: 1e300, nested: { a: [1, 2] } };
    const job = await engine.submit({ payload, tasks: [{}, { payload: { nested: null } }] });
    const tasks = await engine.reads.entities(
      TaskEntity,
      'SELECT * FROM tasks WHERE job_id = ? ORDER BY task_index',
      [job.id],
    );
    const payloads = engine.get(Payloads);
    expect(await payloads.ofTask(engine.reads, tasks[0]!)).toEqual(payload);
    expect(await payloads.ofTask(engine.reads, tasks[1]!)).toEqual({ ...payload, nested: null });
  });

  it.each([
    [{}, { stallSeconds: null, onStall: 'mark' }, { stallSeconds: null, failsOnStall: false }],
    [{ stallSeconds: 1 }, { stallSeconds: 1, onStall: 'mark' }, { failsOnStall: false }],
    [
      { stallSeconds: 31_536_000, onStall: 'fail' as const },
      { stallSeconds: 31_536_000, onStall: 'fail' },
      { stallSeconds: 31_536_000, failsOnStall: true },
    ],
  ])('what stalls a task is kept with it: %j', async (command, ofJob, ofTask) => {
    const job = await engine.submit(command);
    expect(job).toMatchObject(ofJob);
    const tasks = await engine.reads.entities(TaskEntity, 'SELECT * FROM tasks', []);
    expect(tasks).toMatchObject([{ ...ofTask, stallDueAt: null, stalledAt: null }]);
  });

  it('has one task more than none, up to a thousand', async () => {
    const job = await engine.submit({ tasks: Array.from({ length: 1000 }, () => ({})) });
    expect(job.taskCount).toBe(1000);
  });
});
