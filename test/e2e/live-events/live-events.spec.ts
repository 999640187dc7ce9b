import { LiveLab } from './live-lab';

const ROWS = [
  { configId: 'a', config: { fast: 5 }, metrics: { sharpe: 0.5 } },
  { configId: 'b', config: { fast: 9 }, metrics: { sharpe: 1.5 } },
];

describe('the live events of a job', () => {
  let lab: LiveLab;
  beforeAll(async () => {
    lab = await LiveLab.open();
  });
  afterAll(() => lab.close());

  it('tell all that happens in order, from the present state to the end', async () => {
    const jobId = await lab.submit();
    const stream = await lab.follow(jobId);
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    await stream.until('the present is told', ({ lastId }) => lastId !== null);
    expect(stream.events.map(({ event }) => event)).toEqual(['state', 'progress']);
    expect(stream.of('state')[0]).toMatchObject({ status: 'queued', run: 1, seq: 1 });

    const task = await lab.lease();
    await stream.until('it runs', ({ events }) => events.length === 4);
    await lab.heartbeat(task, { processed: 1, total: 4, status: 'one' });
    await lab.atEdge(`tasks/${task.taskId}/results`, { rows: ROWS }, task);
    lab.clock.advance(500);
    await stream.until('progress is told', (told) => told.of('progress').length === 2);
    expect(stream.of('progress')[1]).toEqual({
      processed: 1,
      total: 4,
      status: 'one',
      ratePerSecond: expect.any(Number) as number,
      etaSeconds: expect.any(Number) as number,
      resultCount: 2,
      taskCounts: { queued: 0, leased: 1, completed: 0, failed: 0, cancelled: 0 },
      stalledTasks: 0,
    });

    await lab.complete(task, {
      processedCount: 4,
      artifacts: [{ name: 'notes', content_type: 'text/plain', inline: 'n' }],
    });
    await stream.untilEnd();
    expect(stream.ending).toBe('whole');
    const last = stream.events.slice(5);
    expect(last.map(({ event }) => event)).toEqual(['artifact', 'task', 'progress', 'state']);
    expect(last[0]?.data).toEqual({ names: ['completion', 'notes'], taskIndex: 0, isCut: false });
    expect(last[1]?.data).toMatchObject({ type: 'task.completed', taskIndex: 0, attempt: 1 });
    expect(last[2]?.data).toMatchObject({ processed: 4, resultCount: 2 });
    expect(last[3]?.data).toMatchObject({ status: 'completed', seq: 3 });
    expect(stream.told()).toEqual(['task.leased', 'running', 'task.completed', 'completed']);
    expect(lab.readers).toBe(0);
  });

  it('go on after the Last-Event-ID, and say 204 when all was told', async () => {
    const jobId = await lab.submit();
    const stream = await lab.followLive(jobId);
    const task = await lab.lease();
    await stream.until('it runs', (told) => told.told().length === 2);
    const leased = stream.events.find(({ data }) => data['type'] === 'task.leased');
    stream.cut();
    await lab.complete(task);

    const resumed = await lab.follow(jobId, leased?.id ?? '');
    await resumed.untilEnd();
    expect([resumed.ending, ...resumed.told()]).toEqual([
      'whole',
      'running',
      'task.completed',
      'completed',
    ]);
    const rest = await lab.follow(jobId, resumed.lastId ?? '');
    await rest.untilEnd();
    expect([rest.status, rest.events]).toEqual([204, []]);

    // Without one: the present, its artifacts, and the end.
    const fresh = await lab.follow(jobId);
    await fresh.untilEnd();
    expect(fresh.events.map(({ event }) => event)).toEqual(['state', 'progress', 'artifact']);
    expect(fresh.of('state')[0]).toMatchObject({ status: 'completed' });
    expect(fresh.of('artifact')[0]).toMatchObject({ names: ['completion'] });
    expect(fresh.lastId).toBe(resumed.lastId);
    // Of a database that was restored from an older backup since.
    const ahead = await lab.follow(jobId, '999999999');
    await ahead.untilEnd();
    expect(ahead.of('state')).toHaveLength(1);
  });

  it('tell of many tasks whose artifacts are there by then, and of the job last', async () => {
    const jobId = await lab.submit({ tasks: [{}, {}] });
    const stream = await lab.followLive(jobId);
    const tasks = [];
    for (const name of ['a', 'b']) {
      tasks.push({ name, task: await lab.lease() });
      const leases = () => stream.of('task').length;
      await stream.until('each lease is told', () => leases() === tasks.length);
    }
    for (const { name, task } of tasks) {
      const artifacts = [{ name, content_type: 'text/plain', inline: name }];
      await lab.complete(task, { artifacts });
    }
    await stream.untilEnd();
    expect(stream.of('artifact').map(({ names, taskIndex }) => [taskIndex, names])).toEqual([
      [0, ['0.a']],
      [1, ['1.b']],
      [null, ['completion']],
    ]);
    expect(stream.told().at(-1)).toBe('completed');
  });

  it('tell progress at most every 500 ms, and the newest', async () => {
    const jobId = await lab.submit();
    const stream = await lab.followLive(jobId);
    const task = await lab.lease();
    await stream.until('it runs', (told) => told.told().length === 2);
    lab.clock.advance(500);
    await stream.until('the lease shows', (told) => told.of('progress').length === 2);
    for (let processed = 1; processed <= 20; processed += 1) {
      await lab.heartbeat(task, { processed });
    }
    lab.clock.advance(499);
    await lab.heartbeat(task, { status: 'last' });
    expect(stream.of('progress')).toHaveLength(2);
    lab.clock.advance(1);
    await stream.until('progress is told', (told) => told.of('progress').length === 3);
    expect(stream.of('progress')[2]).toMatchObject({ processed: 20, status: 'last' });
    await lab.heartbeat(task, { status: 'a word alone' });
    lab.clock.advance(500);
    await stream.until('it is told', (told) => told.of('progress').length === 4);
    await lab.complete(task, { processedCount: 21 });
    await stream.untilEnd();
    expect(stream.of('progress').map(({ processed }) => processed)).toEqual([0, 0, 20, 20, 21]);
  });

  it('are told page by page, and end with the last one', async () => {
    const jobId = await lab.submit();
    await lab.writeUnannounced(jobId, 250);
    await lab.gateway.call('POST', `/jobs/${jobId}/cancel`, { token: lab.service });
    const stream = await lab.follow(jobId, '0');
    await stream.untilEnd();
    expect(stream.told()).toHaveLength(252);
    expect([stream.told().at(-1), stream.ending]).toEqual(['cancelled', 'whole']);
  });

  it('end with `gone` when the job is deleted', async () => {
    const jobId = await lab.submit();
    const stream = await lab.followLive(jobId);
    await lab.gateway.call('DELETE', `/jobs/${jobId}`, { token: lab.service });
    await stream.untilEnd();
    expect([stream.ending, stream.events.at(-1)?.event]).toEqual(['whole', 'gone']);
    expect((await lab.follow(jobId)).status).toBe(404);
  });

  it('go on over a retry', async () => {
    const jobId = await lab.submit({ tasks: [{}, {}], onTaskFailure: 'continue' });
    const stream = await lab.followLive(jobId);
    const failure = { code: 'broken', message: 'm', retryable: false };
    for (let n = 0; n < 2; n += 1) {
      const task = await lab.lease();
      await lab.atEdge(`tasks/${task.taskId}/fail`, failure, task);
    }
    await stream.untilEnd();
    expect(stream.of('task').at(-1)).toMatchObject({ type: 'task.failed', code: 'broken' });
    await lab.gateway.call('POST', `/jobs/${jobId}/retry`, { token: lab.service });
    const resumed = await lab.follow(jobId, stream.lastId ?? '');
    await lab.complete(await lab.lease());
    await lab.complete(await lab.lease());
    await resumed.untilEnd();
    expect(resumed.of('state').map(({ status, run }) => [status, run])).toEqual([
      ['queued', 2],
      ['running', 2],
      ['completed', 2],
    ]);
  });

  it('beat every 15 s, and are cut off when the key is revoked', async () => {
    const jobId = await lab.submit();
    const made = await lab.gateway.asAdmin<{ id: string; token: string }>(
      'POST',
      '/admin/api-keys',
      { name: 'short-lived', scopes: ['jobs:read'] },
    );
    const stream = await lab.follow(jobId, undefined, made.body.token);
    const other = await lab.followLive(jobId);
    await stream.until('the present is told', ({ lastId }) => lastId !== null);
    lab.clock.advance(15_000);
    await stream.until('it beats', ({ comments }) => comments === 1);
    await lab.gateway.asAdmin('DELETE', `/admin/api-keys/${made.body.id}`);
    await stream.untilEnd();
    lab.clock.advance(15_000);
    await other.until('the other goes on', ({ comments }) => comments === 2);
    expect([stream.comments, stream.ending, other.ending]).toEqual([1, 'cut', null]);
  });

  it('are refused without the scope, for no such job, and for a Last-Event-ID of another kind', async () => {
    const jobId = await lab.submit();
    const writer = await lab.gateway.makeApiKey('jobs:write');
    expect((await lab.follow(jobId, undefined, writer)).status).toBe(403);
    expect((await lab.follow('01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11')).status).toBe(404);
    expect((await lab.follow(jobId, 'seven')).status).toBe(400);
    const { readers } = lab;
    const head = await lab.gateway.call('HEAD', `/jobs/${jobId}/events`, { token: lab.service });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(lab.readers).toBeLessThanOrEqual(readers);
  });

  it('see what another process wrote with the next look, and tell nothing twice', async () => {
    const jobId = await lab.submit();
    const stream = await lab.followLive(jobId);
    await lab.writeUnannounced(jobId, 1);
    expect(stream.told()).toEqual([]);
    lab.clock.advance(5000);
    await stream.until('it is told', (told) => told.told().length === 1);
    expect(stream.told()).toEqual(['task.advanced']);
    // Progress was read again, and is as it was.
    lab.clock.advance(500);
    lab.clock.advance(9500);
    await stream.until('it beats', ({ comments }) => comments === 1);
    expect(stream.of('progress')).toHaveLength(1);
  });
});
